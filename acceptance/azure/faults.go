package main

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Fault answers some calls wrongly. Those whose operation begins with Operation are counted from 0.
type Fault struct {
	Operation string      `json:"operation"`
	From      int         `json:"from"`
	Until     int         `json:"until"`
	Answer    FaultAnswer `json:"answer"`
	seen      int
}

// FaultAnswer is what happens instead.
type FaultAnswer struct {
	// Kind is "error", "lost" (done, but the answer does not arrive), "held" (waits at a gate), or "operation" (the
	// long-running operation that the call starts ends badly).
	Kind    string            `json:"kind"`
	Status  any               `json:"status"` // a number for "error", a word for "operation"
	Code    string            `json:"code"`
	Message string            `json:"message"`
	Headers map[string]string `json:"headers"`
	// After lets an error come although everything was done.
	After bool   `json:"after"`
	Gate  string `json:"gate"`
}

// wrong says what keeps a fault from ever happening; a test with such a one would prove nothing.
func (f *Fault) wrong() string {
	_, word := f.Answer.Status.(string)
	number, _ := f.Answer.Status.(float64)
	switch kind := f.Answer.Kind; {
	case f.Operation == "" || f.From >= f.Until:
		return "it is about no call"
	case kind == "error" && (number < 300 || number > 599):
		return "an error has a status"
	case kind == "held" && f.Answer.Gate == "":
		return "it has no gate"
	case kind == "operation" && f.Answer.Status != nil && !word:
		return "an operation ends with a word"
	case !slices.Contains([]string{"error", "lost", "held", "operation"}, kind):
		return "there is no such kind: " + kind
	}
	return ""
}

// gate holds calls until a test opens it.
type gate struct {
	open    chan struct{}
	opened  bool
	waiting int
}

func (s *Server) gate(name string) *gate {
	if s.gates[name] == nil {
		s.gates[name] = &gate{open: make(chan struct{})}
	}
	return s.gates[name]
}

// faulted gives the answer that a fault has in place of the real one. Held calls wait here, without the lock.
func (c *Call) faulted(render func(status int, code, message string) *Answer) *Answer {
	c.fault = c.subscription.faultFor(c.operation)
	if c.fault == nil {
		return nil
	}
	switch c.fault.Kind {
	case "error":
		if status, _ := c.fault.Status.(float64); !c.fault.After {
			return c.fault.rendered(int(status), render)
		} else if c.after == nil {
			c.after = c.fault.rendered(int(status), render)
		}
	case "lost":
		c.lost = true
	case "held":
		if !c.server.hold(c.http.Context(), c.fault.Gate) {
			c.lost = true
			return answer(http.StatusServiceUnavailable, nil)
		}
	}
	return nil
}

// nowhere is a host that no name leads to: there is nobody who could answer.
func (c *Call) nowhere() *Answer {
	c.lost = true
	return answer(http.StatusServiceUnavailable, nil)
}

func (f *FaultAnswer) rendered(status int, render func(status int, code, message string) *Answer) *Answer {
	made := render(status, f.Code, f.Message)
	for name, value := range f.Headers {
		made.with(name, value)
	}
	return made
}

// hold waits at a gate; false says that the caller is gone.
func (s *Server) hold(context context.Context, name string) bool {
	gate := s.gate(name)
	gate.waiting++
	s.mu.Unlock()
	defer s.mu.Lock()
	select {
	case <-gate.open:
		return true
	case <-context.Done():
		return false
	}
}

func (sub *Subscription) faultFor(operation string) *FaultAnswer {
	var chosen *FaultAnswer
	for _, fault := range sub.faults {
		if !strings.HasPrefix(strings.ToLower(operation), strings.ToLower(fault.Operation)) {
			continue
		}
		if fault.seen >= fault.From && fault.seen < fault.Until && chosen == nil {
			answer := fault.Answer
			chosen = &answer
		}
		fault.seen++
	}
	return chosen
}

// fields are the names of all that a body says: "properties.encryption.keySource", and "rules[].name" in lists. What somebody names
// himself, a tag, is none.
func fields(body Object) []string {
	found := map[string]bool{}
	var walk func(at string, value any)
	walk = func(at string, value any) {
		switch value := value.(type) {
		case Object:
			for name, inner := range value {
				if at == "tags" || strings.HasSuffix(at, ".tags") || strings.HasSuffix(at, ".userAssignedIdentities") {
					continue
				}
				walk(strings.TrimPrefix(at+"."+name, "."), inner)
			}
			if at != "" {
				found[at] = true
			}
		case []any:
			found[at] = true
			for _, inner := range value {
				if _, ok := inner.(Object); ok {
					walk(at+"[]", inner)
				}
			}
		case nil:
		default:
			found[at] = true
		}
	}
	walk("", body)
	return slices.Sorted(maps.Keys(found))
}

// made notes the call.
func (c *Call) made(status int) {
	made := Made{Operation: c.operation, Method: c.http.Method, Path: c.http.URL.Path, Status: status}
	if c.route != nil {
		made.Name, made.Version, made.Fields = c.route.Key(), c.query.Get("api-version"), fields(c.body)
	} else if c.blob != "" {
		made.Name, made.Version = "azblob."+c.blob, c.http.Header.Get("x-ms-version")
	}
	c.subscription.calls = append(c.subscription.calls, made)
}
