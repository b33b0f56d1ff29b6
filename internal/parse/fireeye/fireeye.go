// Package fireeye implements parse-fireeye.
//
// parse-fireeye: parse the OpenIOC documents of FireEye (Trellix) appliances
//
// A file that the appliance has found makes an event with its hashes, and what it
// spoke to makes another one. A document without a SHA-256 hash makes none. It may
// have 16 MiB. For OpenIOC of other origin there is parse-openioc.
//
// # Examples
//
//	echo '<OpenIOC><criteria><Indicator><IndicatorItem>
//	  <Context search="FileItem/Sha256sum"/><Content>
//	  0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
//	  </Content></IndicatorItem></Indicator></criteria></OpenIOC>' |
//	  parse-fireeye
//
//intelpipe:full
package fireeye

import (
	"context"
	"net/netip"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/xmltree"
)

// Command has no flags of its own.
type Command struct{}

// maxDocument bounds a document, in bytes.
const maxDocument = 16 << 20

// Process makes events of a document.
func (*Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	text, err := feed.Text(report, maxDocument)
	if err != nil || text == "" {
		return err
	}
	document, err := xmltree.Parse(text)
	if err != nil {
		return err
	}
	var g feed.Group
	found := false
	begin := func(typ string, hashes [][2]string) *event.Message {
		e := g.Add(feed.Event(report, text))
		e.Set("classification.type", typ)
		for _, h := range hashes {
			e.Set(h[0], h[1])
		}
		return e
	}
	indicator := document.Child("criteria").Child("Indicator")
	var hashes [][2]string
	for _, item := range indicator.Children {
		switch search, content := read(item); search {
		case "FileItem/Md5sum":
			hashes = [][2]string{{"malware.hash.md5", content}}
		case "FileItem/Sha256sum":
			hashes = append(hashes, [2]string{"malware.hash.sha256", content})
			begin("malware", hashes)
			found = true
		}
	}
	for _, nested := range indicator.Children {
		if !found || nested.Name != "Indicator" {
			continue
		}
		var e *event.Message
		for _, item := range nested.Children {
			search, content := read(item)
			key := field(search, content)
			if key == "" {
				continue
			}
			if e == nil || e.Has(key) {
				e = begin("malware-distribution", hashes)
			}
			e.Set(key, content)
			if host, path := e.Get("destination.fqdn"), e.Get("destination.urlpath"); host != "" && path != "" {
				e.Set("destination.url", "http://"+host+path)
			}
		}
	}
	return g.Emit(emit)
}

// read returns what an item looks for, and where.
func read(item *xmltree.Node) (search, content string) {
	if item.Name != "IndicatorItem" {
		return "", ""
	}
	return item.Child("Context").Attribute("search"), item.Child("Content").Text
}

// field is what an item of the network becomes, or nothing.
func field(search, content string) string {
	switch search {
	case "Network/HTTP/RequestURI":
		return "destination.urlpath"
	case "Network/HTTP/Host":
		if a, err := netip.ParseAddr(content); err == nil && a.Is4() {
			return "destination.ip"
		}
	case "Network/Connection/RemotePort":
		return "destination.port"
	case "Network/DNS":
		return "destination.fqdn"
	}
	return ""
}
