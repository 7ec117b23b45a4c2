package main

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Microsoft.OperationalInsights: workspaces, which stay for a while after they are deleted.

const workspaceType = "Microsoft.OperationalInsights/workspaces"

var workspaceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]$`)

func (s *Server) putWorkspace(call *Call) *Answer {
	name := call.parameters["workspaceName"]
	if !workspaceName.MatchString(name) {
		return refuse(http.StatusBadRequest, "InvalidResourceName", "Workspace name '%s' is invalid: 4 to 63 letters, digits and hyphens.", name)
	}
	if refused := call.misplaced(); refused != nil {
		return refused
	}
	if refused := retention(call); refused != nil {
		return refused
	}
	found := call.subscription.resources[key(call.id())]
	if found != nil && !found.deleted {
		return call.changeWorkspace(found)
	}
	customer := identifier()
	if found != nil {
		// A name that was deleted lately brings back what it held.
		customer = textIn(found.body, "properties", "customerId")
	}
	made := call.store(Object{"location": call.body["location"], "tags": orEmpty(call.body["tags"]), "etag": etag(), "properties": changed(Object{
		"customerId": customer, "provisioningState": "Creating", "retentionInDays": 30.0, "sku": Object{"name": "PerGB2018", "lastSkuUpdate": moment()},
		"features":         Object{"legacy": 0, "searchVersion": 1, "enableLogAccessUsingOnlyResourcePermissions": true},
		"workspaceCapping": Object{"dailyQuotaGb": -1.0, "quotaNextResetTime": moment(), "dataIngestionStatus": "RespectQuota"},
		"createdDate":      moment(), "modifiedDate": moment(), "publicNetworkAccessForIngestion": "Enabled", "publicNetworkAccessForQuery": "Enabled",
	}, call.properties())})
	// As recorded from the real service.
	made.body["id"] = strings.NewReplacer("/resourceGroups/", "/resourcegroups/", "/Microsoft.OperationalInsights/", "/microsoft.operationalinsights/").Replace(made.id)
	made.pending = call.subscription.settings.OperationPolls
	if call.fault != nil && call.fault.Kind == "operation" {
		made.failure = call.fault
	}
	return answer(http.StatusCreated, deviating(call, made))
}

func retention(call *Call) *Answer {
	days, given := in(call.body, "properties", "retentionInDays").(float64)
	if given && (days < 30 || days > 730) && days != 4 && days != 7 {
		return refuse(http.StatusBadRequest, "InvalidParameter", "'RetentionInDays' property doesn't match the SKU limits. Permitted values are 30 to 730, or 7; it is %v.", days)
	}
	return nil
}

// deviating is a workspace as recorded real ones leave the description, where a test asks for it.
func deviating(call *Call, workspace *Resource) Object {
	body := copied(workspace.body)
	if call.subscription.settings.Deviating {
		properties := objectIn(body, "properties")
		properties["createdDate"], properties["source"] = now().Format(http.TimeFormat), "Azure"
		sku := objectIn(properties, "sku")
		sku["name"] = strings.ToLower(textIn(sku, "name"))
	}
	return body
}

func (c *Call) changeWorkspace(found *Resource) *Answer {
	found.body["properties"] = changed(objectIn(found.body, "properties"), c.properties())
	if tags, ok := c.body["tags"]; ok {
		found.body["tags"] = orEmpty(tags)
	}
	return answer(http.StatusOK, deviating(c, found))
}

func (s *Server) patchWorkspace(call *Call) *Answer {
	found := call.current()
	if found == nil {
		return call.notFound()
	}
	if refused := retention(call); refused != nil {
		return refused
	}
	return call.changeWorkspace(found)
}

func (s *Server) getWorkspace(call *Call) *Answer {
	found := call.current()
	if found == nil {
		return call.notFound()
	}
	found.settle()
	return answer(http.StatusOK, deviating(call, found))
}

func (s *Server) deleteWorkspace(call *Call) *Answer {
	found := call.current()
	if found == nil {
		return answer(http.StatusNoContent, nil)
	}
	s.remove(found)
	if call.query.Get("force") != "true" {
		found.deleted = true
		call.subscription.resources[key(found.id)] = found
	}
	return answer(http.StatusOK, nil)
}

func (s *Server) listDeletedWorkspaces(call *Call) *Answer {
	var found []Object
	for _, resource := range call.subscription.resources {
		if resource.deleted && resourceType(resource.id) == workspaceType {
			found = append(found, resource.body)
		}
	}
	slices.SortFunc(found, func(a, b Object) int { return strings.Compare(textIn(a, "id"), textIn(b, "id")) })
	return call.page(found)
}
