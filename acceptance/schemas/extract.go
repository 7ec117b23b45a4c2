package main

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// extract reads the packages in `folder` and writes a file for each provider.
func extract(folder, output string) error {
	all, err := packages()
	if err != nil {
		return err
	}
	for _, each := range all {
		path := filepath.Join(folder, each.Archive())
		if err := intact(path, each.Integrity); err != nil {
			return err
		}
		published, err := readPackage(path, each.Provider)
		if err != nil {
			return fmt.Errorf("%s: %w", each.Name, err)
		}
		text, err := printed(published)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(output, each.Provider+".json"), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// A type's name and the beginning of its schema.
var eachType = regexp.MustCompile(`("\w+":\{"version":0,)`)

// printed is JSON with a type on each line, so that a difference can be read.
func printed(published Published) ([]byte, error) {
	text, err := json.Marshal(published)
	if err != nil {
		return nil, err
	}
	text = eachType.ReplaceAll(text, []byte("\n$1"))
	return append(text, '\n'), nil
}

// intact holds an archive against the digest that npm's registry gives for it.
func intact(path, integrity string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	digest := sha512.New()
	if _, err := io.Copy(digest, file); err != nil {
		return err
	}
	if found := "sha512-" + base64.StdEncoding.EncodeToString(digest.Sum(nil)); found != integrity {
		return fmt.Errorf("%s is another file than packages.txt names: %s", path, found)
	}
	return nil
}

// readPackage makes the schemas of the wanted types out of an archive, without unpacking it.
func readPackage(path, provider string) (Published, error) {
	file, err := os.Open(path)
	if err != nil {
		return Published{}, err
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return Published{}, err
	}

	wanted := wantedTypes(provider)
	sources := map[string]string{}
	var manifest struct {
		Cdktf struct {
			Provider struct{ Name, Version string }
		}
	}
	archive := tar.NewReader(unzipped)
	for {
		entry, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Published{}, err
		}
		if entry.Name == "package/package.json" {
			if err := json.NewDecoder(archive).Decode(&manifest); err != nil {
				return Published{}, err
			}
		}
		// One type is in one folder; large ones have their structs in files beside index.js.
		parts := strings.Split(entry.Name, "/")
		if len(parts) < 4 || parts[1] != "lib" || wanted[parts[2]] == "" || !strings.HasSuffix(entry.Name, ".js") {
			continue
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			return Published{}, err
		}
		source, err := originalOf(string(text))
		if err != nil {
			return Published{}, fmt.Errorf("%s: %w", entry.Name, err)
		}
		sources[parts[2]] += source + "\n"
	}

	found := Provider{Version: manifest.Cdktf.Provider.Version, Resources: map[string]Schema{}, DataSources: map[string]Schema{}}
	for folder, name := range wanted {
		source, ok := sources[folder]
		if !ok {
			return Published{}, fmt.Errorf("has no type %s", name)
		}
		block, err := readSource(source).top()
		if err != nil {
			return Published{}, fmt.Errorf("%s: %w", name, err)
		}
		schema := Schema{Block: block}
		if data, isData := strings.CutPrefix(name, "data."); isData {
			found.DataSources[data] = schema
		} else if name == "provider" {
			found.Config = schema
		} else {
			found.Resources[name] = schema
		}
	}
	return Published{FormatVersion: "1.0", Schemas: map[string]Provider{manifest.Cdktf.Provider.Name: found}}, nil
}

// originalOf is the TypeScript in the source map at the end of generated JavaScript.
func originalOf(script string) (string, error) {
	const mark = "//# sourceMappingURL=data:application/json;base64,"
	at := strings.LastIndex(script, mark)
	if at < 0 {
		return "", errors.New("no source map is in it")
	}
	text, err := base64.StdEncoding.DecodeString(strings.TrimSpace(script[at+len(mark):]))
	if err != nil {
		return "", err
	}
	var sourceMap struct{ SourcesContent []string }
	if err := json.Unmarshal(text, &sourceMap); err != nil {
		return "", err
	}
	if len(sourceMap.SourcesContent) != 1 {
		return "", fmt.Errorf("its source map has %d sources", len(sourceMap.SourcesContent))
	}
	return sourceMap.SourcesContent[0], nil
}
