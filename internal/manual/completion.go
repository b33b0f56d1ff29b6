package manual

import (
	"fmt"
	"io"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization/vocabulary"
	"github.com/intelpipe/intelpipe/internal/flags"
)

// Completion writes a script for bash that completes the names of all commands, the
// flags of those that are here, and what else the binary can do.
func Completion(w io.Writer, specs []flags.Command, names, more []string) error {
	fmt.Fprint(w, "# bash completion for intelpipe; generated, do not edit.\n\n_intelpipe() {\n"+
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[0]##*/} i\n"+
		"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"+
		"\t\tcase ${COMP_WORDS[i]} in\n\t\tthen) command=${COMP_WORDS[i + 1]} ;;\n\t\tesac\n\tdone\n"+
		"\tif [[ $command == intelpipe || $command == intelpipe-full ]] && ((COMP_CWORD > 1)); then command=${COMP_WORDS[1]}; fi\n"+
		"\tlocal words\n\tcase $command in\n")
	for i := range specs {
		model, err := flags.Model(&specs[i])
		if err != nil {
			return err
		}
		var words []string
		for _, sub := range model.Children {
			words = append(words, sub.Name)
		}
		for _, flag := range model.Flags {
			words = append(words, "--"+flag.Name)
		}
		fmt.Fprintf(w, "\t%s) words='%s' ;;\n", specs[i].Name, strings.Join(words, " "))
	}
	all := strings.Join(names, " ")
	fmt.Fprintf(w, "\thelp | man) words='%s' ;;\n\tfields) words='%s' ;;\n\ttypes) words='%s' ;;\n"+
		"\t*) words='%s' ;;\n\tesac\n"+
		"\tif [[ ${COMP_WORDS[COMP_CWORD - 1]} == then ]]; then words='%s'; fi\n"+
		"\tif [[ $cur == -* || $command =~ ^(intelpipe|intelpipe-full|help|man|types)$ || ${COMP_WORDS[COMP_CWORD - 1]} == then ]]; then\n"+
		"\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n\tfi\n}\n"+
		"complete -o default -F _intelpipe intelpipe intelpipe-full %s\n", all, "--json --report --harmonization --help", "--json --harmonization --help "+classes(), strings.Join(more, " ")+" "+all, all, all)
	return nil
}

// classes are the classification types.
func classes() string {
	var names []string
	for c := range vocabulary.Classifications() {
		names = append(names, c.Type)
	}
	return strings.Join(names, " ")
}
