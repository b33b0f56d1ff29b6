package ioc

import (
	"strings"
	"unicode"
)

// entities are what is left of a page of the web in text that was taken out of it.
var entities = []string{"&amp;", "&", "&lt;", " ", "&gt;", " ", "&quot;", " ", "&#39;", " ", "&nbsp;", " "}

// words are the words of a line. The text and the address of a link in Markdown are
// two, and so is what stands at both ends of an arrow.
func words(line string) []string {
	if strings.Contains(line, "&") {
		line = strings.NewReplacer(entities...).Replace(line)
	}
	for _, sign := range [...]string{"](", "->", "=>"} {
		line = strings.ReplaceAll(line, sign, " ")
	}
	list := strings.FieldsFunc(line, func(r rune) bool {
		return unicode.IsSpace(r) || r < ' ' || strings.ContainsRune("\"'`<>|,;\u200b\ufeff“”„‘’‚«»‹›→⇒…、，；", r)
	})
	return joined(list)
}

// joined puts together what was written as evil [.] example [dot] org.
func joined(list []string) []string {
	all := list[:0]
	for i := 0; i < len(list); i++ {
		if n := len(all); n > 0 && i+1 < len(list) && (list[i] == "[.]" || strings.EqualFold(list[i], "[dot]")) {
			all[n-1] += "[.]" + list[i+1]
			i++
			continue
		}
		all = append(all, list[i])
	}
	return all
}

// trim takes off what ends a sentence, what makes text bold, and brackets without
// their other half.
func trim(word string) string {
	for {
		before := word
		word = strings.TrimLeft(strings.TrimRight(word, ".:!?*"), "*=•·–—-")
		if n := len(word) - 1; n > 0 && word[0] == word[n] && strings.IndexByte("_~", word[0]) >= 0 {
			word = word[1:n]
		}
		for _, pair := range []string{"()", "[]", "{}"} {
			if strings.HasPrefix(word, pair[:1]) && (strings.Count(word, pair[:1]) > strings.Count(word, pair[1:]) || strings.HasSuffix(word, pair[1:])) {
				word = word[1:]
			}
			if strings.HasSuffix(word, pair[1:]) && strings.Count(word, pair[1:]) > strings.Count(word, pair[:1]) {
				word = word[:len(word)-1]
			}
		}
		if word == before {
			return word
		}
	}
}
