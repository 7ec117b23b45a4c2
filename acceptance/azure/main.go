// Command azure reads the description of Azure's APIs out of Microsoft's Go SDK, holds exchanges against it, and stands in for
// the parts of Azure that a data plane needs: no request gets through that leaves the description.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

const usage = `usage:
  azure extract FILE              write the description
  azure check FILE < RECORDS      hold exchanges, a JSON object on each line, against it
  azure serve FILE CERT KEY       stand in for Azure over TLS; the first line of output is the address`

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	switch {
	case len(arguments) == 2 && arguments[0] == "extract":
		services, err := describeAll()
		if err != nil {
			return err
		}
		return writeDescription(arguments[1], services)
	case len(arguments) == 2 && arguments[0] == "check":
		services, err := readDescription(arguments[1])
		if err != nil {
			return err
		}
		return checkRecords(newChecker(services))
	case len(arguments) == 4 && arguments[0] == "serve":
		services, err := readDescription(arguments[1])
		if err != nil {
			return err
		}
		return serve(newChecker(services), arguments[2], arguments[3])
	}
	return fmt.Errorf("%s", usage)
}

func checkRecords(checker *Checker) error {
	wrong := 0
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var record Record
		if err := json.Unmarshal(lines.Bytes(), &record); err != nil {
			return fmt.Errorf("reading a record: %w", err)
		}
		for _, finding := range checker.Check(record) {
			wrong++
			fmt.Printf("%s %s: %s\n", record.Method, record.URL, finding)
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if wrong > 0 {
		return fmt.Errorf("%d findings", wrong)
	}
	return nil
}
