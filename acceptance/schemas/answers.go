package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Answer is what a test says of a data source: the arguments it is asked with, and what it then tells.
type Answer struct {
	Type       string
	Arguments  map[string]any
	Attributes map[string]any
}

// answer tells a data source's state: from the file that DATAPLANE_SCHEMA_ANSWERS names, or from the disk for archives.
func (s *Server) answer(name string, block Block, config tftypes.Value) (tftypes.Value, error) {
	if name == "archive_file" {
		return archived(config)
	}
	file := os.Getenv("DATAPLANE_SCHEMA_ANSWERS")
	if file == "" {
		return config, errors.New("only its schema is here: name a file of answers in DATAPLANE_SCHEMA_ANSWERS, or mock it in a test")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return config, err
	}
	var all []Answer
	if err := json.Unmarshal(text, &all); err != nil {
		return config, fmt.Errorf("%s: %w", file, err)
	}
	fields := mapOf(config)
	for _, each := range all {
		if each.Type != name || !asked(each.Arguments, fields) {
			continue
		}
		for attribute, wanted := range each.Attributes {
			value, ok := fields[attribute]
			if !ok {
				return config, fmt.Errorf("%s: %s has no attribute %s", file, name, attribute)
			}
			text, err := json.Marshal(wanted)
			if err != nil {
				return config, err
			}
			if fields[attribute], err = tftypes.ValueFromJSON(text, value.Type()); err != nil {
				return config, fmt.Errorf("%s: %s.%s: %w", file, name, attribute, err)
			}
		}
		planned, err := block.planned(tftypes.NewValue(config.Type(), fields))
		if err != nil {
			return config, err
		}
		return ofData(name, config, s.region, s.account).settled(block, planned, nil)
	}
	return config, fmt.Errorf("%s has no answer to %s", file, config)
}

func asked(arguments map[string]any, fields map[string]tftypes.Value) bool {
	for name, wanted := range arguments {
		text, ok := wanted.(string)
		if !ok || textOf(fields[name]) != text {
			return false
		}
	}
	return true
}

// archived makes the archive of one file, as hashicorp/archive does, and tells what it is.
func archived(config tftypes.Value) (tftypes.Value, error) {
	fields := mapOf(config)
	source, output := textOf(fields["source_file"]), textOf(fields["output_path"])
	if textOf(fields["type"]) != "zip" || source == "" {
		return config, errors.New("archives are made of one source_file, as zip")
	}
	content, err := os.ReadFile(source)
	if err != nil {
		return config, err
	}
	var buffer bytes.Buffer
	archive := zip.NewWriter(&buffer)
	// Without a time in it: the same file makes the same archive.
	entry, err := archive.CreateHeader(&zip.FileHeader{Name: filepath.Base(source), Method: zip.Deflate})
	if err != nil {
		return config, err
	}
	if _, err := entry.Write(content); err != nil {
		return config, err
	}
	if err := archive.Close(); err != nil {
		return config, err
	}
	if err := os.MkdirAll(filepath.Dir(output), 0o755); err != nil {
		return config, err
	}
	if err := os.WriteFile(output, buffer.Bytes(), 0o644); err != nil {
		return config, err
	}
	digest := sha256.Sum256(buffer.Bytes())
	told := map[string]string{
		"id":                  hex.EncodeToString(digest[:])[:40],
		"output_base64sha256": base64.StdEncoding.EncodeToString(digest[:]),
		"output_sha256":       hex.EncodeToString(digest[:]),
	}
	for name, text := range told {
		fields[name] = tftypes.NewValue(tftypes.String, text)
	}
	fields["output_size"] = tftypes.NewValue(tftypes.Number, big.NewFloat(float64(buffer.Len())))
	return tftypes.NewValue(config.Type(), fields), nil
}
