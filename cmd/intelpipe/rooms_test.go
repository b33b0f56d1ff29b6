package main

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestRooms looks for files of a room that refer to each other in a circle: what is
// below knows nothing of what is above it.
func TestRooms(t *testing.T) {
	exports, files := listed(t)
	set := token.NewFileSet()
	arrowed := 0
	load := importer.ForCompiler(set, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	for _, path := range slices.Sorted(maps.Keys(files)) {
		room := strings.TrimPrefix(path, module)
		if len(files[path]) < 2 {
			continue
		}
		var parsed []*ast.File
		for _, path := range files[path] {
			file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			parsed = append(parsed, file)
		}
		info := &types.Info{Uses: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{}}
		own, err := (&types.Config{Importer: load}).Check(path, set, parsed, info)
		if err != nil {
			t.Fatal(err)
		}
		arrows := references(set, own, info)
		arrowed += len(arrows)
		for from := range arrows {
			for to, at := range arrows[from] {
				if back := way(arrows, to, from); back != nil && from < to {
					t.Errorf("%s: %s refers to %s (%s), and back: %s", room, from, to, at, strings.Join(back, ", "))
				}
			}
		}
	}
	if arrowed < 100 {
		t.Errorf("only %d files refer to another one, which cannot be", arrowed)
	}
}

// references are the files that a file refers to, with one example.
func references(set *token.FileSet, own *types.Package, info *types.Info) map[string]map[string]string {
	arrows := map[string]map[string]string{}
	for ident, object := range info.Uses {
		if object.Pkg() != own || object.Pos() == token.NoPos {
			continue
		}
		from, to := set.Position(ident.Pos()), set.Position(object.Pos())
		a, b := filepath.Base(from.Filename), filepath.Base(to.Filename)
		if a == b {
			continue
		}
		if arrows[a] == nil {
			arrows[a] = map[string]string{}
		}
		arrows[a][b] = ident.Name
	}
	return arrows
}

// way is a way along the arrows, as text, or nil.
func way(arrows map[string]map[string]string, from, to string) []string {
	type step struct {
		file string
		been []string
	}
	seen := map[string]bool{from: true}
	for queue := []step{{from, nil}}; len(queue) > 0; queue = queue[1:] {
		for _, next := range slices.Sorted(maps.Keys(arrows[queue[0].file])) {
			been := append(slices.Clone(queue[0].been), queue[0].file+" to "+next+" ("+arrows[queue[0].file][next]+")")
			if next == to {
				return been
			}
			if !seen[next] {
				seen[next] = true
				queue = append(queue, step{next, been})
			}
		}
	}
	return nil
}

// listed are the export data of all packages, and the files of ours.
func listed(t *testing.T) (exports map[string]string, files map[string][]string) {
	cmd := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Export,Dir,GoFiles", "./internal/...", "./harmonization/...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	exports, files = map[string]string{}, map[string][]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath, Export, Dir string
			GoFiles                 []string
		}
		if err := d.Decode(&p); err == io.EOF {
			return exports, files
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
		if strings.HasPrefix(p.ImportPath, module) {
			for _, name := range p.GoFiles {
				files[p.ImportPath] = append(files[p.ImportPath], filepath.Join(p.Dir, name))
			}
		}
	}
}

// TestRoomsAreInTheReadme: each folder of internal has its line, and no line a folder
// that is gone.
func TestRoomsAreInTheReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "## The tree\n")
	told := map[string]bool{}
	for line := range strings.Lines(table) {
		cell, ok := strings.CutPrefix(line, "| `internal/")
		if !ok {
			continue
		}
		cell, _, _ = strings.Cut(cell, " |")
		for name := range strings.FieldsFuncSeq(cell, func(r rune) bool { return strings.ContainsRune("`{}, ", r) }) {
			told[name] = true
		}
	}
	folders, err := os.ReadDir("../../internal")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		if !told[folder.Name()] {
			t.Errorf("the README has no line for internal/%s", folder.Name())
		}
		delete(told, folder.Name())
	}
	for name := range told {
		t.Errorf("the README has a line for internal/%s, which is not there", name)
	}
}
