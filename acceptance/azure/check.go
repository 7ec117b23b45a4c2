package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Record is one exchange, as a client or a proxy saw it. A status of 0 says that there is no answer to hold against anything.
type Record struct {
	Method   string          `json:"method"`
	URL      string          `json:"url"` // path and query
	Body     json.RawMessage `json:"body,omitempty"`
	Status   int             `json:"status,omitempty"`
	Response json.RawMessage `json:"response,omitempty"`
}

// Route is an operation and how its path is recognised.
type Route struct {
	*Operation
	service *Service
	pattern *regexp.Regexp
	names   []string
	score   int
}

// Checker holds exchanges against the published description.
type Checker struct {
	routes []*Route
	// blobs are the operations of the blob service, which its addresses do not tell apart.
	blobs []*Operation
}

var parameter = regexp.MustCompile(`\\\{([A-Za-z0-9_-]+)\\\}`)

func newChecker(services []*Service) *Checker {
	checker := &Checker{}
	for _, service := range services {
		for _, operation := range service.Operations {
			if operation.Path == "" {
				checker.blobs = append(checker.blobs, operation)
			} else {
				checker.routes = append(checker.routes, newRoute(service, operation))
			}
		}
	}
	return checker
}

func newRoute(service *Service, operation *Operation) *Route {
	route := &Route{Operation: operation, service: service}
	route.score = strings.Count(operation.Path, "/")*2 - strings.Count(operation.Path, "{")
	pattern := parameter.ReplaceAllStringFunc(regexp.QuoteMeta(operation.Path), func(quoted string) string {
		name := strings.Trim(quoted, `\{}`)
		route.names = append(route.names, name)
		if slices.Contains(operation.Raw, name) {
			route.score -= 10
			return "(.+?)"
		}
		if slices.Contains(operation.Empty, name) {
			return "([^/]*)"
		}
		return "([^/]+)"
	})
	if before, ok := strings.CutSuffix(pattern, "/([^/]*)"); ok {
		pattern = before + "(?:/([^/]*))?"
	}
	// "/{scope}/providers", where the scope begins with a slash itself.
	route.pattern = regexp.MustCompile("(?i)^" + strings.ReplaceAll(pattern, "//", "/") + "/?$")
	return route
}

// Key is the operation's name over all packages: "armstorage.AccountsClient.Create".
func (route *Route) Key() string { return route.service.Package + "." + route.Name }

// Find gives the most exact operation for a path, and the path's parameters by name.
func (checker *Checker) Find(verb, path string) (*Route, map[string]string) {
	var best *Route
	for _, route := range checker.routes {
		if route.Verb == verb && (best == nil || route.score > best.score) && route.pattern.MatchString(path) {
			best = route
		}
	}
	if best == nil {
		return nil, nil
	}
	parameters := map[string]string{}
	for i, value := range best.pattern.FindStringSubmatch(path)[1:] {
		parameters[best.names[i]], _ = url.PathUnescape(value)
	}
	return best, parameters
}

// Check says in which ways an exchange leaves the description.
func (checker *Checker) Check(record Record) []string {
	target, err := url.Parse(record.URL)
	if err != nil {
		return []string{"bad url: " + err.Error()}
	}
	route, _ := checker.Find(record.Method, target.Path)
	if route == nil {
		return []string{fmt.Sprintf("unknown operation: %s %s", record.Method, target.Path)}
	}
	findings := &findings{operation: route.Key()}
	route.checkRequest(target.Query(), record.Body, findings)
	if record.Status != 0 && record.Status < 300 {
		route.checkAnswer(record.Status, record.Response, findings)
	}
	return findings.said
}

func (route *Route) checkRequest(query url.Values, body json.RawMessage, findings *findings) {
	if version := query.Get("api-version"); version != route.APIVersion {
		findings.say("api-version %q, description has %q", version, route.APIVersion)
	}
	for name := range query {
		if !slices.Contains(route.Query, name) {
			findings.say("unknown query parameter %s", name)
		}
	}
	var value any
	switch {
	case route.Body == "" && len(body) > 0:
		findings.say("operation takes no body")
	case route.Body == "":
	case len(body) == 0 && route.Bodiless:
	case len(body) == 0:
		findings.say("body of %s missing", route.Body)
	default:
		if err := json.Unmarshal(body, &value); err != nil {
			findings.say("request is no JSON: %v", err)
			return
		}
		walk{route.service, true, findings}.value("request", route.Body, value)
	}
}

func (route *Route) checkAnswer(status int, body json.RawMessage, findings *findings) {
	if !slices.Contains(route.Status, status) {
		findings.say("status %d, description has %v", status, route.Status)
	}
	if len(body) == 0 || route.Response == "" {
		return
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		findings.say("response is no JSON: %v", err)
		return
	}
	walk{route.service, false, findings}.value("response", route.Response, value)
}

type findings struct {
	operation string
	said      []string
}

func (f *findings) say(format string, arguments ...any) {
	f.said = append(f.said, f.operation+": "+fmt.Sprintf(format, arguments...))
}
