package main

import (
	_ "embed"
	"fmt"
	"strings"
)

// The packages that are read. Their integrity is what the registry says of them; another content is refused.
//
//go:embed packages.txt
var packagesFile string

// The types whose schemas are kept: what the modules and examples use.
//
//go:embed resources.txt
var typesFile string

// A package is one provider's, generated from its schema.
type Package struct {
	Provider  string
	Name      string
	Version   string
	Integrity string
}

// Archive is the file name that `npm pack` gives the package.
func (p Package) Archive() string {
	return strings.NewReplacer("@", "", "/", "-").Replace(p.Name) + "-" + p.Version + ".tgz"
}

func packages() ([]Package, error) {
	var found []Package
	for _, line := range lines(packagesFile) {
		fields := strings.Fields(line)
		if len(fields) != 4 {
			return nil, fmt.Errorf("packages.txt: %q is not PROVIDER PACKAGE VERSION INTEGRITY", line)
		}
		found = append(found, Package{Provider: fields[0], Name: fields[1], Version: fields[2], Integrity: fields[3]})
	}
	return found, nil
}

// wantedTypes are the types of a provider by the folder that the package keeps them in.
func wantedTypes(provider string) map[string]string {
	found := map[string]string{"provider": "provider"}
	for _, line := range lines(typesFile) {
		name, isData := strings.CutPrefix(line, "data.")
		prefix, rest, _ := strings.Cut(name, "_")
		if prefix != provider {
			continue
		}
		folder := strings.ReplaceAll(rest, "_", "-")
		if isData {
			folder = "data-" + provider + "-" + folder
		}
		found[folder] = line
	}
	return found
}

// lines are those that say something.
func lines(text string) []string {
	var found []string
	for _, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			found = append(found, line)
		}
	}
	return found
}
