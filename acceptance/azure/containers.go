package main

import (
	"net/http"
	"regexp"
	"strings"
)

// Microsoft.Storage: containers, as Resource Manager sees them. What they hold is in blobs.go.

var containerName = regexp.MustCompile(`^(\$logs|\$root|\$web|[a-z0-9](-?[a-z0-9]){2,62})$`)

func noContainer() *Answer {
	return refuse(http.StatusNotFound, "ContainerNotFound", "The specified container does not exist.")
}

func (s *Server) putContainer(call *Call) *Answer {
	account, name := call.account(), call.parameters["containerName"]
	if account == nil {
		return call.noAccount()
	}
	if !containerName.MatchString(name) || len(name) > 63 {
		return refuse(http.StatusBadRequest, "ContainerNameInvalid", "%s is not a valid container name: 3 to 63 lower-case letters, digits and single hyphens.", name)
	}
	if access := call.text("properties", "publicAccess"); access != "" && access != "None" && !boolIn(account.body, "properties", "allowBlobPublicAccess") {
		return refuse(http.StatusConflict, "PublicAccessNotPermitted", "Public access is not permitted on this storage account.")
	}
	if found := call.current(); found != nil {
		found.body["properties"] = changed(objectIn(found.body, "properties"), call.properties())
		return answer(http.StatusOK, shown(found))
	}
	made := call.store(Object{"etag": etag(), "properties": changed(Object{
		"publicAccess": "None", "leaseStatus": "Unlocked", "leaseState": "Available", "hasImmutabilityPolicy": false, "hasLegalHold": false,
		"lastModifiedTime": moment(), "deleted": false, "remainingRetentionDays": 0.0, "defaultEncryptionScope": "$account-encryption-key", "denyEncryptionScopeOverride": false,
	}, call.properties())})
	account.blobs.containers[name] = newBlobContainer(made)
	return answer(http.StatusCreated, shown(made))
}

// shown is a container with its lease, as single answers have it.
func shown(container *Resource) Object {
	account := container.subscription.get(container.id[:strings.Index(container.id, "/blobServices")])
	body := copied(container.body)
	if blobs := account.blobs.containers[textIn(body, "name")]; blobs != nil && blobs.lease.held() {
		properties := objectIn(body, "properties")
		properties["leaseStatus"], properties["leaseState"], properties["leaseDuration"] = "Locked", "Leased", blobs.lease.duration()
	}
	return body
}

func (s *Server) getContainer(call *Call) *Answer {
	if call.account() == nil {
		return call.noAccount()
	}
	found := call.current()
	if found == nil {
		return noContainer()
	}
	return answer(http.StatusOK, shown(found))
}

func (s *Server) patchContainer(call *Call) *Answer {
	if call.account() == nil {
		return call.noAccount()
	}
	found := call.current()
	if found == nil {
		return noContainer()
	}
	found.body["properties"] = changed(objectIn(found.body, "properties"), call.properties())
	return answer(http.StatusOK, shown(found))
}

func (s *Server) deleteContainer(call *Call) *Answer {
	account, found := call.account(), call.current()
	if account == nil || found == nil {
		return answer(http.StatusNoContent, nil)
	}
	if !s.dropContainer(call, account, call.parameters["containerName"]) {
		return refuse(http.StatusPreconditionFailed, "LeaseIdMissing", "There is currently a lease on the container and no lease ID was specified in the request.")
	}
	return answer(http.StatusOK, nil)
}

// dropContainer deletes a container that nobody holds a lease on, and says whether it did.
func (s *Server) dropContainer(call *Call, account *Resource, name string) bool {
	container := account.blobs.containers[name]
	if container.lease.held() {
		return false
	}
	s.remove(container.resource)
	delete(account.blobs.containers, name)
	service := call.blobService(account)
	if boolIn(service.body, "properties", "containerDeleteRetentionPolicy", "enabled") {
		body := copied(container.resource.body)
		body["properties"] = changed(objectIn(body, "properties"), Object{"deleted": true, "deletedTime": moment(), "version": identifier(), "remainingRetentionDays": in(service.body, "properties", "containerDeleteRetentionPolicy", "days")})
		account.blobs.deleted = append(account.blobs.deleted, body)
	}
	return true
}

func (s *Server) listContainers(call *Call) *Answer {
	account := call.account()
	if account == nil {
		return call.noAccount()
	}
	var found []Object
	for _, container := range call.subscription.under(account.id + "/blobServices/default/containers") {
		found = append(found, shown(container))
	}
	if call.query.Get("$include") == "deleted" {
		found = append(found, account.blobs.deleted...)
	}
	return call.page(found)
}

func (s *Server) leaseContainer(call *Call) *Answer {
	account := call.account()
	if account == nil || account.blobs.containers[call.parameters["containerName"]] == nil {
		return noContainer()
	}
	container := account.blobs.containers[call.parameters["containerName"]]
	seconds, _ := call.body["leaseDuration"].(float64)
	id, refused := container.lease.act(strings.ToLower(call.text("action")), call.text("leaseId"), call.text("proposedLeaseId"), int(seconds))
	if refused != nil {
		return refuse(refused.status, refused.code, "%s", refused.message)
	}
	return answer(http.StatusOK, Object{"leaseId": id, "leaseTimeSeconds": "0"})
}

func etag() string {
	return `"0x` + strings.ToUpper(strings.ReplaceAll(identifier(), "-", "")[:15]) + `"`
}
