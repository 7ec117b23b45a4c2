package main

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Microsoft.Resources: subscriptions, resource groups, providers and tags; and what all providers do alike.

var locations = []string{"westeurope", "northeurope", "eastus", "eastus2", "westus2", "westus3", "centralus", "uksouth", "germanywestcentral", "swedencentral", "australiaeast", "southeastasia", "japaneast"}

// page answers a list, in pages as long as the subscription's settings say.
func (c *Call) page(values []Object) *Answer {
	return c.pageOf(c.subscription.settings.PageSize, values)
}

func (c *Call) pageOf(most int, values []Object) *Answer {
	asked := c.http.URL.Query()
	from, _ := strconv.Atoi(asked.Get("$skiptoken"))
	from = min(max(from, 0), len(values))
	until := min(from+max(most, 1), len(values))
	body := Object{"value": append([]Object{}, values[from:until]...)}
	if until < len(values) {
		asked.Set("$skiptoken", strconv.Itoa(until))
		body["nextLink"] = c.base() + c.http.URL.EscapedPath() + "?" + asked.Encode()
	}
	return answer(http.StatusOK, body)
}

// notFound is the answer of Resource Manager for what is not there.
func (c *Call) notFound() *Answer {
	id := c.id()
	group := c.parameters["resourceGroupName"]
	name := resourceType(id) + "/" + id[strings.LastIndex(id, "/")+1:]
	return refuse(http.StatusNotFound, "ResourceNotFound",
		"The Resource '%s' under resource group '%s' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix", name, group)
}

func (s *Server) getResource(call *Call) *Answer {
	if found := call.current(); found != nil {
		return answer(http.StatusOK, found.body)
	}
	return call.notFound()
}

// list answers all of the type that the operation is about, in the scope that the path names. What the caller may not see is left
// out, and nothing is said of it.
func (s *Server) list(call *Call) *Answer {
	id := call.id()
	kind, within := resourceType(id), ""
	if scope, path, ok := lastProvider(id); ok {
		kind, within = path, scope
		if strings.Contains(path, "/") && strings.Count(path, "/") > 1 { // of a parent
			kind, within = resourceType(id), id[:strings.LastIndex(id, "/")]
		}
	}
	var found []Object
	for _, resource := range call.subscription.ofType(kind) {
		if !strings.HasPrefix(key(resource.id)+"/", key(within)+"/") || call.partly && !s.allowed(call.principal, call.operation, false, resource.id, nil) {
			continue
		}
		found = append(found, resource.body)
	}
	return call.page(found)
}

// location refuses what Azure has no region for, and another region than before.
func (c *Call) misplaced() *Answer {
	location := strings.ToLower(strings.ReplaceAll(c.text("location"), " ", ""))
	kind := resourceType(c.id())
	if !slices.Contains(locations, location) {
		return refuse(http.StatusBadRequest, "LocationNotAvailableForResourceType",
			"The provided location '%s' is not available for resource type '%s'. List of available regions for the resource type is '%s'.", location, kind, strings.Join(locations, ","))
	}
	if found := c.current(); found != nil && textIn(found.body, "location") != location {
		name := c.id()[strings.LastIndex(c.id(), "/")+1:]
		return refuse(http.StatusConflict, "InvalidResourceLocation",
			"The resource '%s' already exists in location '%s' in resource group '%s'. A resource with the same name cannot be created in location '%s'. Please select a new resource name.",
			name, textIn(found.body, "location"), c.parameters["resourceGroupName"], location)
	}
	c.body["location"] = location
	return nil
}

func (s *Server) getSubscription(call *Call) *Answer {
	sub := call.subscription
	return answer(http.StatusOK, Object{
		"id": sub.scope(), "subscriptionId": sub.id, "tenantId": tenant, "displayName": "Test", "state": "Enabled", "authorizationSource": "RoleBased",
		"subscriptionPolicies": Object{"locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off"},
	})
}

func (s *Server) putGroup(call *Call) *Answer {
	if found := call.current(); found != nil {
		if !same(textIn(found.body, "location"), call.text("location")) {
			return refuse(http.StatusConflict, "InvalidResourceGroupLocation", "Invalid resource group location '%s'. The Resource group already exists in location '%s'.", call.text("location"), textIn(found.body, "location"))
		}
		found.body["tags"] = call.body["tags"]
		return answer(http.StatusOK, found.body)
	}
	if refused := call.misplaced(); refused != nil {
		return refused
	}
	body := changed(call.body, Object{"properties": Object{"provisioningState": "Succeeded"}})
	return answer(http.StatusCreated, call.store(body).body)
}

func (s *Server) getGroup(call *Call) *Answer {
	found := call.current()
	switch {
	case found == nil && call.http.Method == http.MethodHead:
		return answer(http.StatusNotFound, nil)
	case found == nil:
		return refuse(http.StatusNotFound, "ResourceGroupNotFound", "Resource group '%s' could not be found.", call.parameters["resourceGroupName"])
	case call.http.Method == http.MethodHead:
		return answer(http.StatusNoContent, nil)
	}
	return answer(http.StatusOK, found.body)
}

func (s *Server) deleteGroup(call *Call) *Answer {
	found := call.current()
	if found == nil {
		return refuse(http.StatusNotFound, "ResourceGroupNotFound", "Resource group '%s' could not be found.", call.parameters["resourceGroupName"])
	}
	url := call.begin("operationresults", found, func() { s.remove(found) }, nil)
	return answer(http.StatusAccepted, nil).with("Location", url).with("Retry-After", "0")
}

func (c *Call) namespace() Object {
	name := c.parameters["resourceProviderNamespace"]
	state := "Registered"
	if slices.ContainsFunc(c.subscription.settings.Unregistered, func(other string) bool { return same(other, name) }) {
		state = "NotRegistered"
	}
	return Object{"id": c.subscription.scope() + "/providers/" + name, "namespace": name, "registrationPolicy": "RegistrationRequired", "registrationState": state, "resourceTypes": []any{}}
}

func (s *Server) getProvider(call *Call) *Answer { return answer(http.StatusOK, call.namespace()) }

func (s *Server) registerProvider(call *Call) *Answer {
	settings := &call.subscription.settings
	settings.Unregistered = slices.DeleteFunc(settings.Unregistered, func(name string) bool { return same(name, call.parameters["resourceProviderNamespace"]) })
	return answer(http.StatusOK, call.namespace())
}

// tags answers the tags of any resource, and changes them.
func (s *Server) tags(call *Call) *Answer {
	scope := call.scope()
	found := call.subscription.get(scope)
	if found == nil {
		return refuse(http.StatusNotFound, "ResourceNotFound", "The Resource '%s' was not found.", scope)
	}
	tags, given := objectIn(found.body, "tags"), objectIn(call.body, "properties", "tags")
	switch {
	case call.http.Method == http.MethodPut, call.text("operation") == "Replace":
		tags = given
	case call.http.Method == http.MethodDelete:
		tags = Object{}
	case call.text("operation") == "Merge":
		tags = changed(tags, given)
	case call.text("operation") == "Delete":
		for name := range given {
			tags = changed(tags, Object{name: nil})
		}
	}
	if len(tags) > 50 {
		return refuse(http.StatusBadRequest, "InvalidTagCount", "The number of tags '%d' is more than the maximum of '50'.", len(tags))
	}
	if call.http.Method != http.MethodGet {
		found.body["tags"] = tags
	}
	if call.http.Method == http.MethodDelete {
		return answer(http.StatusOK, nil)
	}
	return answer(http.StatusOK, Object{
		"id": scope + "/providers/Microsoft.Resources/tags/default", "name": "default", "type": "Microsoft.Resources/tags", "properties": Object{"tags": tags},
	})
}
