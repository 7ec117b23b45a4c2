package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
)

var installedName = regexp.MustCompile(`^terraform-provider-([a-z0-9]+)_v`)

// providerOf is the provider that a program of this name is started as.
func providerOf(program string) (string, bool) {
	found := installedName.FindStringSubmatch(program)
	if found == nil {
		return "", false
	}
	return found[1], true
}

// mirror installs this program once for each provider, as Terraform looks for them in a file-system mirror.
func mirror(folder string) error {
	own, err := os.Executable()
	if err != nil {
		return err
	}
	all, err := packages()
	if err != nil {
		return err
	}
	for _, each := range all {
		address, provider, err := published(each.Provider)
		if err != nil {
			return err
		}
		at := filepath.Join(folder, address, provider.Version, runtime.GOOS+"_"+runtime.GOARCH)
		if err := os.MkdirAll(at, 0o755); err != nil {
			return err
		}
		name := fmt.Sprintf("terraform-provider-%s_v%s", each.Provider, provider.Version)
		if err := install(own, filepath.Join(at, name)); err != nil {
			return err
		}
	}
	return nil
}

// install links a program, or copies it where the folder is on another disk.
func install(program, to string) error {
	if err := os.Remove(to); err != nil && !os.IsNotExist(err) {
		return err
	}
	if os.Link(program, to) == nil {
		return nil
	}
	from, err := os.Open(program)
	if err != nil {
		return err
	}
	defer from.Close()
	copied, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(copied, from); err != nil {
		return err
	}
	return copied.Close()
}
