package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Field is one JSON property of a model.
type Field struct {
	Type     string `json:"type"`
	ReadOnly bool   `json:"readOnly,omitempty"`
	Required bool   `json:"required,omitempty"`
}

// Operation is one HTTP call of a service.
type Operation struct {
	Name       string   `json:"name"`
	Verb       string   `json:"verb"`
	Path       string   `json:"path"`
	Raw        []string `json:"raw,omitempty"`   // the parameters that may hold slashes
	Empty      []string `json:"empty,omitempty"` // the parameters that may be empty
	APIVersion string   `json:"apiVersion"`
	Query      []string `json:"query,omitempty"`
	// Fixed are the query parameters that tell this operation from others at the same address, as the blob service has them.
	Fixed    map[string]string `json:"fixed,omitempty"`
	Headers  []string          `json:"headers,omitempty"`
	Body     string            `json:"body,omitempty"`
	Bodiless bool              `json:"bodiless,omitempty"` // the body may be left out
	Response string            `json:"response,omitempty"`
	Status   []int             `json:"status"`
	// LRO says where the result of a long-running operation is: FinalStateVia of the SDK, or "default".
	LRO string `json:"lro,omitempty"`
}

// Service is everything that one package of the SDK says. A model is its properties by their wire names; "*" is the type of
// those that an open model takes besides.
type Service struct {
	Package    string                      `json:"package"`
	Operations []*Operation                `json:"operations"`
	Models     map[string]map[string]Field `json:"models"`
	Enums      map[string][]string         `json:"enums"`
}

// describeAll reads each package of the SDK that this module imports.
func describeAll() ([]*Service, error) {
	list := exec.Command("go", "list", "-f", "{{range .Imports}}{{.}}\n{{end}}", ".")
	list.Stderr = os.Stderr
	imports, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("listing our imports: %w", err)
	}
	var services []*Service
	for _, path := range strings.Fields(string(imports)) {
		if !strings.Contains(path, "/azure-sdk-for-go/sdk/") {
			continue
		}
		folder, err := exec.Command("go", "list", "-f", "{{.Dir}}", path).Output()
		if err != nil {
			return nil, fmt.Errorf("finding %s: %w", path, err)
		}
		generated := strings.TrimSpace(string(folder))
		if strings.HasSuffix(path, "/azblob") {
			generated += "/internal/generated"
		}
		service, err := describePackage(generated)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", path, err)
		}
		if kept := parts[service.Package]; kept != nil {
			service.narrow(kept)
		}
		services = append(services, service)
	}
	return services, nil
}

func writeDescription(file string, services []*Service) error {
	text, err := json.MarshalIndent(services, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o644)
}

func readDescription(file string) ([]*Service, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var services []*Service
	if err := json.Unmarshal(text, &services); err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	return services, nil
}
