package main

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

var subscriptionPath = regexp.MustCompile(`(?i)^/subscriptions/([^/]+)`)

// arm answers Resource Manager: who asks, whether the description knows the question, whether the caller may, and then what
// the resource provider does.
func (s *Server) arm(call *Call) *Answer {
	principal, refused := s.authenticate(call, managementAudiences)
	if refused != nil {
		return refused
	}
	call.principal = principal
	if refused := s.findSubscription(call); refused != nil {
		return refused
	}
	if polled := s.poll(call); polled != nil {
		return polled
	}
	if refused := s.described(call); refused != nil {
		return refused
	}
	call.operation = call.action()
	if refused := call.faulted(func(status int, code, message string) *Answer { return refuse(status, code, "%s", message) }); refused != nil {
		call.made(refused.Status)
		return refused
	}
	made := s.provide(call)
	call.made(made.Status)
	if made.Status < 300 {
		record := Record{Method: call.http.Method, URL: call.http.URL.RequestURI(), Body: call.raw, Status: made.Status, Response: made.encoded()}
		record.URL = call.path + "?" + call.query.Encode()
		for _, finding := range s.checker.Check(record) {
			if !call.subscription.settings.Deviating {
				s.violation(call.subscription, "the stand-in's answer: %s", finding)
			}
		}
	}
	if call.subscription.settings.ForeignCase {
		made = inForeignCase(made)
	}
	remaining := map[string]string{http.MethodGet: "reads", http.MethodDelete: "deletes"}[call.http.Method]
	if remaining == "" {
		remaining = "writes"
	}
	return made.with("x-ms-ratelimit-remaining-subscription-"+remaining, "199")
}

func (s *Server) findSubscription(call *Call) *Answer {
	match := subscriptionPath.FindStringSubmatch(call.path)
	if match == nil {
		call.subscription = call.principal.subscription
		return nil
	}
	call.subscription = s.subscriptions[strings.ToLower(match[1])]
	if call.subscription == nil {
		return refuse(http.StatusNotFound, "SubscriptionNotFound", "The subscription '%s' could not be found.", match[1])
	}
	return nil
}

// described holds the request against the description, and takes its parts.
func (s *Server) described(call *Call) *Answer {
	// The token that continues a list belongs to a link of ours.
	call.query.Del("$skiptoken")
	record := Record{Method: call.http.Method, URL: call.path + "?" + call.query.Encode(), Body: call.raw}
	if findings := s.checker.Check(record); len(findings) > 0 {
		for _, finding := range findings {
			s.violation(call.subscription, "%s", finding)
		}
		return refuse(http.StatusBadRequest, "DescriptionViolated", "%s", strings.Join(findings, "; "))
	}
	call.route, call.parameters = s.checker.Find(call.http.Method, call.path)
	if len(call.raw) > 0 {
		if err := json.Unmarshal(call.raw, &call.body); err != nil {
			return refuse(http.StatusBadRequest, "InvalidRequestContent", "The request content was invalid: %v", err)
		}
	}
	return nil
}

// provide does what the operation does, if everything around it lets it.
func (s *Server) provide(call *Call) *Answer {
	scope := call.scope()
	call.partly = !s.allowed(call.principal, call.operation, false, scope, nil)
	if call.partly && !(strings.HasSuffix(call.route.Key(), ".ListBySubscription") && s.allowedSomewhere(call.principal, call.operation, call.subscription)) {
		return call.unauthorized(call.operation, scope)
	}
	if refused := call.around(); refused != nil {
		return refused
	}
	handler := handlers[call.route.Key()]
	if handler == nil {
		s.violation(call.subscription, "the stand-in has no behaviour for %s", call.route.Key())
		return refuse(http.StatusNotImplemented, "NotImplemented", "the stand-in has no behaviour for %s", call.route.Key())
	}
	return handler(s, call)
}

// unauthorized is the answer to whoever lacks an action.
func (c *Call) unauthorized(action, scope string) *Answer {
	return refuse(http.StatusForbidden, "AuthorizationFailed",
		"The client '%s' with object id '%s' does not have authorization to perform action '%s' over scope '%s' or the scope is invalid. If access was recently granted, please refresh your credentials.",
		c.principal.client, c.principal.id, action, scope)
}

// around is what Resource Manager checks before a provider hears of a call.
func (c *Call) around() *Answer {
	namespace, _, _ := strings.Cut(c.operation, "/")
	writes := c.http.Method == http.MethodPut || c.http.Method == http.MethodPatch
	if writes && slices.ContainsFunc(c.subscription.settings.Unregistered, func(name string) bool { return same(name, namespace) }) {
		return refuse(http.StatusConflict, "MissingSubscriptionRegistration",
			"The subscription is not registered to use namespace '%s'. See https://aka.ms/rps-not-found for how to register subscriptions.", namespace)
	}
	if group := c.parameters["resourceGroupName"]; group != "" && resourceType(c.id()) != "Microsoft.Resources/resourceGroups" {
		if c.subscription.get(c.subscription.scope()+"/resourceGroups/"+group) == nil {
			return refuse(http.StatusNotFound, "ResourceGroupNotFound", "Resource group '%s' could not be found.", group)
		}
	}
	id := c.id()
	if c.http.Method == http.MethodDelete {
		for _, lock := range c.subscription.settings.Locks {
			if strings.HasPrefix(key(id)+"/", key(lock)+"/") {
				return refuse(http.StatusConflict, "ScopeLocked",
					"The scope '%s' cannot perform delete operation because following scope(s) are locked: '%s'. Please remove the lock and try again.", id, lock)
			}
		}
	}
	if c.http.Method != http.MethodPut || c.current() != nil {
		return nil
	}
	kind := resourceType(id)
	if slices.ContainsFunc(c.subscription.settings.PolicyDenies, func(denied string) bool { return same(denied, kind) }) {
		refused := refuse(http.StatusForbidden, "RequestDisallowedByPolicy", "Resource '%s' was disallowed by policy.", id[strings.LastIndex(id, "/")+1:])
		refused.Body.(Object)["error"].(Object)["additionalInfo"] = []any{Object{"type": "PolicyViolation", "info": Object{"policyDefinitionDisplayName": "Allowed resource types"}}}
		return refused
	}
	if most, ok := c.subscription.settings.Quotas[kind]; ok && len(c.subscription.ofType(kind)) >= most {
		code := "QuotaExceeded"
		if kind == "Microsoft.Storage/storageAccounts" {
			code = "MaxStorageAccountsCountPerSubscriptionExceeded"
		}
		return refuse(http.StatusConflict, code, "The subscription '%s' already contains %d resources of type '%s' and the maximum allowed is %d.", c.subscription.id, most, kind, most)
	}
	return nil
}

// action is the permission that the operation asks for.
func (c *Call) action() string {
	_, path, ok := lastProvider(c.route.Path)
	if !ok {
		kind := "Microsoft.Resources/subscriptions"
		if strings.Contains(strings.ToLower(c.route.Path), "/resourcegroups") {
			kind += "/resourceGroups"
		}
		return kind + "/" + c.verb()
	}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if strings.HasPrefix(parts[0], "{") { // registering a provider
		parts[0] = c.parameters["resourceProviderNamespace"]
		if parts[len(parts)-1] != "register" {
			return "Microsoft.Resources/subscriptions/providers/read"
		}
	}
	kind := parts[0]
	for i := 1; i < len(parts); i++ {
		// Types and names take turns; "default" is a name, and an action comes last.
		if i%2 == 1 {
			kind += "/" + parts[i]
		}
	}
	if c.http.Method == http.MethodPost {
		return kind + "/action"
	}
	return kind + "/" + c.verb()
}

func (c *Call) verb() string {
	switch c.http.Method {
	case http.MethodPut, http.MethodPatch:
		return "write"
	case http.MethodDelete:
		return "delete"
	default:
		return "read"
	}
}

// scope is where the permission is asked for: that of a role assignment is what it is about.
func (c *Call) scope() string {
	id := c.id()
	scope, path, ok := lastProvider(id)
	switch {
	case ok && (strings.HasPrefix(strings.ToLower(path), "microsoft.authorization/") || strings.HasPrefix(strings.ToLower(path), "microsoft.resources/tags")):
		return scope
	case c.http.Method == http.MethodPost && ok:
		return id[:strings.LastIndex(id, "/")]
	}
	return id
}

// inForeignCase spells ids as services do at times: "resourcegroups", and the provider in lower case.
func inForeignCase(given *Answer) *Answer {
	body, ok := given.Body.(Object)
	if !ok {
		return given
	}
	body = copied(body)
	respell(body)
	return &Answer{Status: given.Status, Header: given.Header, Body: body}
}

func respell(value any) {
	switch value := value.(type) {
	case Object:
		for name, inner := range value {
			text, ok := inner.(string)
			if ok && slices.Contains([]string{"id", "scope", "roleDefinitionId"}, name) && strings.HasPrefix(text, "/") {
				value[name] = respelled(text)
			}
			respell(inner)
		}
	case []any:
		for _, inner := range value {
			respell(inner)
		}
	}
}

func respelled(id string) string {
	parts := strings.Split(id, "/")
	for i, part := range parts {
		if part == "resourceGroups" || i > 0 && parts[i-1] == "providers" {
			parts[i] = strings.ToLower(part)
		}
	}
	return strings.Join(parts, "/")
}
