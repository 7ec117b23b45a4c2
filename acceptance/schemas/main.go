// Command schemas stands in for Terraform providers of others. It reads their schemas out of packages that were generated
// from them, and serves these: Terraform validates, tests and applies configuration of hashicorp/aws, google and azurerm
// against what their providers declare. No rule is in it that a schema does not say.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

const usage = `usage:
  schemas extract FOLDER OUTPUT     read the packages in FOLDER, write a schema file for each provider to OUTPUT
  schemas mirror FOLDER             install this program as the providers into a mirror for Terraform
  terraform-provider-NAME_vVERSION  serve the provider of that name; Terraform starts it`

func main() {
	if err := run(filepath.Base(os.Args[0]), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(program string, arguments []string) error {
	if name, ok := providerOf(program); ok {
		return serve(name)
	}
	switch {
	case len(arguments) == 3 && arguments[0] == "extract":
		return extract(arguments[1], arguments[2])
	case len(arguments) == 2 && arguments[0] == "mirror":
		return mirror(arguments[1])
	}
	return fmt.Errorf("%s", usage)
}
