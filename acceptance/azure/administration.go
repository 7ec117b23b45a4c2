package main

import (
	"encoding/json"
	"net/http"
	"strings"
)

// administer answers what tests ask of the stand-in itself, under paths that begin with an underscore.
func (s *Server) administer(call *Call) *Answer {
	parts := strings.Split(strings.Trim(call.path, "/"), "/")
	switch {
	case parts[0] == "_violations":
		all := append([]string{}, s.unattributed...)
		for _, sub := range s.subscriptions {
			all = append(all, sub.violations...)
		}
		return answer(http.StatusOK, all)
	case parts[0] == "_issuers":
		var known issuer
		return call.decoded(&known, func() *Answer {
			s.issuers[known.Issuer] = &known
			return answer(http.StatusOK, Object{})
		})
	case parts[0] == "_token-review":
		return s.reviewToken(call)
	case parts[0] == "_gates" && len(parts) == 2:
		gate := s.gate(parts[1])
		if call.http.Method == http.MethodPost && !gate.opened {
			gate.opened = true
			close(gate.open)
		}
		return answer(http.StatusOK, Object{"waiting": gate.waiting})
	case parts[0] == "_subscriptions" && len(parts) >= 3:
		call.subscription = s.subscriptionOf(parts[1])
		return s.administerSubscription(call, parts[2:])
	}
	return refuse(http.StatusNotFound, "NotFound", "the stand-in has no %s", call.path)
}

func (s *Server) administerSubscription(call *Call, path []string) *Answer {
	sub := call.subscription
	switch call.http.Method + " " + path[0] {
	case "GET violations":
		return answer(http.StatusOK, append([]string{}, sub.violations...))
	case "DELETE violations":
		taken := append([]string{}, sub.violations...)
		sub.violations = nil
		return answer(http.StatusOK, taken)
	case "GET calls":
		return answer(http.StatusOK, append([]Made{}, sub.calls...))
	case "DELETE calls":
		taken := append([]Made{}, sub.calls...)
		sub.calls = nil
		return answer(http.StatusOK, taken)
	case "POST faults":
		var faults []*Fault
		return call.decoded(&faults, func() *Answer {
			for _, fault := range faults {
				if wrong := fault.wrong(); wrong != "" {
					return refuse(http.StatusBadRequest, "BadRequest", "the fault of %s: %s", fault.Operation, wrong)
				}
			}
			sub.faults = append(sub.faults, faults...)
			return answer(http.StatusOK, Object{})
		})
	case "DELETE faults":
		for _, fault := range sub.faults {
			if fault.seen <= fault.From {
				s.violation(sub, "no call met the fault of %s", fault.Operation)
			}
		}
		sub.faults = nil
		return answer(http.StatusOK, Object{})
	case "PUT settings":
		settings := sub.settings
		return call.decoded(&settings, func() *Answer {
			sub.settings = settings
			return answer(http.StatusOK, settings)
		})
	case "GET callers":
		return s.usedBy(call, path[len(path)-1])
	case "POST callers":
		return s.addCaller(call)
	case "PUT clusters":
		return s.hostCluster(call)
	case "PUT images":
		return s.pushImages(call)
	case "GET principal":
		return answer(http.StatusOK, Object{"principalId": sub.owner.id, "clientId": sub.owner.client, "tenantId": tenant})
	}
	return refuse(http.StatusNotFound, "NotFound", "the stand-in has no %s", call.path)
}

// decoded reads the body of an administrative call strictly: a mistyped setting would be a test that proves nothing.
func (c *Call) decoded(into any, then func() *Answer) *Answer {
	decoder := json.NewDecoder(strings.NewReader(string(c.raw)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return refuse(http.StatusBadRequest, "BadRequest", "%v", err)
	}
	return then()
}
