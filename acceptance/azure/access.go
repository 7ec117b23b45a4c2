package main

import (
	"slices"
	"strings"
)

// Assignment gives a role to a principal in a scope.
type Assignment struct {
	name        string
	scope       string
	principal   string
	kind        string
	role        string // the id of its definition
	description string
	condition   string
	parsed      *condition
	version     string
	created     string
	// pending is how often it is not known yet where it is needed.
	pending int
}

func newAssignment(scope, name string, principal *Principal, role string) *Assignment {
	return &Assignment{name: name, scope: scope, principal: principal.id, kind: principal.kind, role: role, created: moment()}
}

// allowed says whether a principal may do something in a scope: by a role that is assigned there or above, whose condition holds.
// Attributes are what conditions ask about. What was allowed is noted: somebody asked for it.
func (s *Server) allowed(principal *Principal, action string, data bool, scope string, attributes map[string]string) bool {
	sub := s.owning(scope)
	if sub == nil {
		// What belongs to no subscription may be read by anybody of the directory.
		return principal != nil
	}
	for _, assignment := range sub.assignments {
		if assignment.principal != principal.id || !strings.HasPrefix(key(scope)+"/", key(assignment.scope)+"/") {
			continue
		}
		role := sub.definition(assignment.role)
		if role == nil || !role.lets(action, data) {
			continue
		}
		if assignment.parsed != nil && !assignment.parsed.holds(action, attributes) {
			continue
		}
		if assignment.pending > 0 {
			assignment.pending--
			continue
		}
		principal.used[action] = true
		return true
	}
	return false
}

// allowedSomewhere says whether a principal may do something in any part of a subscription.
func (s *Server) allowedSomewhere(principal *Principal, action string, sub *Subscription) bool {
	allowed := slices.ContainsFunc(sub.assignments, func(assignment *Assignment) bool {
		role := sub.definition(assignment.role)
		return assignment.principal == principal.id && role != nil && role.lets(action, false)
	})
	if allowed {
		principal.used[action] = true
	}
	return allowed
}

func (s *Server) owning(scope string) *Subscription {
	match := subscriptionPath.FindStringSubmatch(scope)
	if match == nil {
		return nil
	}
	return s.subscriptions[strings.ToLower(match[1])]
}
