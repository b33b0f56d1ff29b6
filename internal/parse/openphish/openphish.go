// Package openphish implements parse-openphish.
//
// parse-openphish: parse the free list of OpenPhish, addresses of phishing sites
//
// Each line is a URL.
//
// # Examples
//
//	echo 'https://www.example.org/login' | parse-openphish
package openphish

import "github.com/intelpipe/intelpipe/internal/feed"

// Table says what the lines become.
var Table = feed.Table{
	Format: feed.Line{Columns: []string{"url"}},
	Rows: []feed.Column{
		{From: "url", To: "source.url"},
	},
	Const: feed.Words{{"classification.type", "phishing"}},
}
