package main

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// operation is a long-running one: what was begun and is asked about by a URL of ours.
type operation struct {
	resource *Resource
	left     int
	failure  *FaultAnswer
	version  string
	// ended is called once, when it ends well.
	ended func()
	// result is what a Location answers in the end; nil is nothing.
	result func() Object
	name   string
}

var operationPath = regexp.MustCompile(`(?i)^/subscriptions/[^/]+/providers/[^/]+/locations/[^/]+/(asyncoperations|operations|operationStatuses|operationresults)/([^/]+)$`)

// What asking about an operation takes, by its service and the way that it is asked about. Of services that are not named, nothing is
// known that they ask for: theirs is answered to whoever has the URL.
var pollActions = map[string]string{
	"microsoft.network/operations":                  "Microsoft.Network/locations/operations/read",
	"microsoft.network/operationresults":            "Microsoft.Network/locations/operationResults/read",
	"microsoft.containerregistry/operationstatuses": "Microsoft.ContainerRegistry/registries/operationStatuses/read",
	"microsoft.containerregistry/operationresults":  "Microsoft.ContainerRegistry/locations/operationResults/read",
}

// begin starts an operation, and gives the URL to ask at: a Location, or an Azure-AsyncOperation for operationStatuses.
func (c *Call) begin(kind string, resource *Resource, ended func(), result func() Object) string {
	id := identifier()
	operation := &operation{resource: resource, left: c.subscription.settings.OperationPolls, version: c.route.APIVersion, ended: ended, result: result, name: id}
	if c.fault != nil && c.fault.Kind == "operation" {
		operation.failure = c.fault
	}
	c.subscription.operations[id] = operation
	return c.operationURL(kind, operation)
}

func (c *Call) operationURL(kind string, operation *operation) string {
	namespace, _, _ := strings.Cut(resourceType(operation.resource.id), "/")
	location := textIn(operation.resource.body, "location")
	if location == "" {
		location = "global"
	}
	// Opaque, and another one each time: whoever builds it again gets it wrong.
	return fmt.Sprintf("%s%s/providers/%s/locations/%s/%s/%s?monitor=true&api-version=%s&t=%s&s=%s",
		c.base(), c.subscription.scope(), namespace, location, kind, operation.name, operation.version, identifier(), identifier())
}

// poll answers where an operation is; nil says that the path is none of an operation.
func (s *Server) poll(call *Call) *Answer {
	match := operationPath.FindStringSubmatch(call.path)
	if match == nil || call.http.Method != http.MethodGet {
		return nil
	}
	operation := call.subscription.operations[match[2]]
	if operation == nil || call.query.Get("t") == "" || len(call.query["api-version"]) != 1 {
		return refuse(http.StatusNotFound, "ResourceNotFound", "The operation '%s' was not found.", match[2])
	}
	kind := resourceType(operation.resource.id)
	call.operation = kind + "/operations/read"
	if refused := call.faulted(func(status int, code, message string) *Answer { return refuse(status, code, "%s", message) }); refused != nil {
		call.made(refused.Status)
		return refused
	}
	made := s.unasked(call, kind, match[1])
	if made != nil {
		call.made(made.Status)
		return made
	}
	if same(match[1], "operations") || same(match[1], "operationStatuses") {
		made = s.status(call, match[1], operation)
	} else {
		made = s.location(call, match[1], operation)
	}
	call.made(made.Status)
	return made.with("Retry-After", "0")
}

// unasked refuses whoever may not ask about operations of a service. These are in no group: a role in one of them is enough.
func (s *Server) unasked(call *Call, kind, way string) *Answer {
	namespace, _, _ := strings.Cut(kind, "/")
	action, takes := pollActions[strings.ToLower(namespace+"/"+way)]
	if !takes || s.allowedSomewhere(call.principal, action, call.subscription) {
		return nil
	}
	return call.unauthorized(action, call.subscription.scope())
}

// status answers an Azure-AsyncOperation.
func (s *Server) status(call *Call, kind string, operation *operation) *Answer {
	if operation.left > 0 {
		operation.left--
		return answer(http.StatusOK, Object{"status": "InProgress"}).with("Azure-AsyncOperation", call.operationURL(kind, operation))
	}
	if failure := operation.failure; failure != nil {
		status, _ := failure.Status.(string)
		if status == "" {
			status = "Failed"
		}
		operation.resource.setState(status)
		return answer(http.StatusOK, Object{"status": status, "error": Object{"code": failure.Code, "message": failure.Message}})
	}
	operation.end()
	return answer(http.StatusOK, Object{"status": "Succeeded"})
}

// location answers a Location: 202 until there is a result.
func (s *Server) location(call *Call, kind string, operation *operation) *Answer {
	if operation.left > 0 {
		operation.left--
		return answer(http.StatusAccepted, nil).with("Location", call.operationURL(kind, operation))
	}
	if failure := operation.failure; failure != nil {
		s.remove(operation.resource)
		return refuse(http.StatusConflict, failure.Code, "%s", failure.Message)
	}
	operation.end()
	if operation.result == nil {
		return answer(http.StatusOK, nil)
	}
	return answer(http.StatusOK, operation.result())
}

func (o *operation) end() {
	if o.ended != nil {
		o.ended()
		o.ended = nil
	}
}

func (r *Resource) setState(state string) {
	properties := objectIn(r.body, "properties")
	properties["provisioningState"] = state
	r.body["properties"] = properties
}

// settle brings a resource that tells by its provisioningState one poll on.
func (r *Resource) settle() {
	switch {
	case r.pending > 0:
		r.pending--
	case r.failure != nil:
		status, _ := r.failure.Status.(string)
		if status == "" {
			status = "Failed"
		}
		r.setState(status)
	default:
		r.setState("Succeeded")
	}
}
