package main

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// blobAccount is what a storage account holds.
type blobAccount struct {
	containers map[string]*blobContainer
	// deleted are the containers that soft delete keeps, as Resource Manager lists them.
	deleted []Object
}

type blobContainer struct {
	resource *Resource
	blobs    map[string]*blob
	lease    lease
}

func newBlobAccount() *blobAccount { return &blobAccount{containers: map[string]*blobContainer{}} }

func newBlobContainer(resource *Resource) *blobContainer {
	return &blobContainer{resource: resource, blobs: map[string]*blob{}}
}

// refuseBlob is an error of the blob service.
func refuseBlob(status int, code, message string) *Answer {
	body := fmt.Sprintf("\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>%s</Code><Message>%s\nRequestId:%s\nTime:%s</Message></Error>", code, escaped(message), identifier(), moment())
	return answer(status, []byte(body)).with("Content-Type", "application/xml").with("x-ms-error-code", code)
}

func escaped(text string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(text)) // a builder takes everything
	return out.String()
}

const (
	containerRead   = "Microsoft.Storage/storageAccounts/blobServices/containers/read"
	containerWrite  = "Microsoft.Storage/storageAccounts/blobServices/containers/write"
	containerDelete = "Microsoft.Storage/storageAccounts/blobServices/containers/delete"
)

// blobs answers the data plane of a storage account.
func (s *Server) blobs(call *Call, name string) *Answer {
	account := s.global[name+blobHost]
	if account == nil || account.pending > 0 {
		return refuseBlob(http.StatusNotFound, "ResourceNotFound", "There is no storage account "+name+".")
	}
	call.subscription = account.subscription
	version := call.http.Header.Get("x-ms-version")
	if version < "2017-11-09" {
		s.violation(call.subscription, "blobs: x-ms-version %q: bearer tokens are taken since 2017-11-09", version)
		return refuseBlob(http.StatusBadRequest, "InvalidHeaderValue", "The value for one of the HTTP headers is not in the correct format.")
	}
	if strings.HasPrefix(call.http.Header.Get("Authorization"), "SharedKey") {
		return refuseBlob(http.StatusForbidden, "KeyBasedAuthenticationNotPermitted", "Key based authentication is not permitted on this storage account.")
	}
	principal, refused := s.authenticate(call, append([]string{"https://" + name + blobHost}, storageAudiences...))
	if refused != nil {
		return refuseBlob(http.StatusUnauthorized, "InvalidAuthenticationInfo", "Server failed to authenticate the request. Please refer to the information in the www-authenticate header.").
			with("WWW-Authenticate", "Bearer authorization_uri=https://login.microsoftonline.com/"+tenant+"/oauth2/authorize resource_id=https://storage.azure.com")
	}
	call.principal = principal
	request, refused := newBlobRequest(call, account)
	if refused != nil {
		return refused
	}
	call.operation, call.blob = request.action, request.operation
	made := s.ofAccount(request)
	call.made(made.Status)
	return made.with("x-ms-version", version)
}

// blobRequest is a request of the blob service, taken apart.
type blobRequest struct {
	*Call
	account   *Resource
	container *blobContainer
	named     string // the container's name, also where there is none
	path      string // the blob's
	operation string
	action    string
	data      bool
	sub       string // the suboperation, as conditions name it
}

// blobOperation is what a verb and its `restype` and `comp` mean.
type blobOperation struct {
	name, action, sub string
	data              bool
}

var blobOperations = map[string]blobOperation{
	"GET container list":  {"list", blobs + "read", "Blob.List", true},
	"GET container ":      {"getContainer", containerRead, "", false},
	"HEAD container ":     {"getContainer", containerRead, "", false},
	"DELETE container ":   {"deleteContainer", containerDelete, "", false},
	"PUT container lease": {"leaseContainer", containerWrite, "", false},
	"GET blob ":           {"get", blobs + "read", "", true},
	"HEAD blob ":          {"get", blobs + "read", "", true},
	"PUT blob ":           {"put", blobs + "write", "", true},
	"PUT blob block":      {"putBlock", blobs + "write", "", true},
	"PUT blob blocklist":  {"putBlockList", blobs + "write", "", true},
	"PUT blob lease":      {"lease", blobs + "write", "", true},
	"PUT blob snapshot":   {"snapshot", blobs + "write", "", true},
	"DELETE blob ":        {"delete", blobs + "delete", "", true},
	"GET account list":    {"listContainers", containerRead, "", false},
}

func newBlobRequest(call *Call, account *Resource) (*blobRequest, *Answer) {
	path, err := url.PathUnescape(strings.TrimPrefix(call.path, "/"))
	if err != nil {
		return nil, refuseBlob(http.StatusBadRequest, "InvalidUri", "The requested URI does not represent any resource on the server.")
	}
	request := &blobRequest{Call: call, account: account}
	request.named, request.path, _ = strings.Cut(path, "/")
	request.container = account.blobs.containers[request.named]
	on := "blob"
	switch {
	case request.named == "":
		on = "account"
	case call.query.Get("restype") == "container":
		on = "container"
	}
	if found := call.server.checker.CheckBlob(call.http.Method, on, call.query, call.http.Header); len(found) > 0 {
		for _, finding := range found {
			call.server.violation(call.subscription, "%s", finding)
		}
		return nil, refuseBlob(http.StatusBadRequest, "DescriptionViolated", strings.Join(found, "; "))
	}
	operation, ok := blobOperations[call.http.Method+" "+on+" "+call.query.Get("comp")]
	if !ok || on == "blob" && request.path == "" {
		call.server.violation(call.subscription, "the stand-in has no behaviour for %s %s", call.http.Method, call.http.URL.RequestURI())
		return nil, refuseBlob(http.StatusBadRequest, "InvalidQueryParameterValue", "Value for one of the query parameters specified in the request URI is invalid.")
	}
	request.operation, request.action, request.data, request.sub = operation.name, operation.action, operation.data, operation.sub
	if operation.name == "delete" && call.query.Has("versionid") {
		request.action = blobs + "deleteBlobVersion/action"
	}
	return request, nil
}

func (s *Server) ofAccount(r *blobRequest) *Answer {
	if refused := r.faulted(func(status int, code, message string) *Answer { return refuseBlob(status, code, message) }); refused != nil {
		return refused
	}
	scope := r.account.id + "/blobServices/default"
	attributes := map[string]string{subOperation: r.sub}
	if r.named != "" {
		scope += "/containers/" + r.named
		attributes["@resource[microsoft.storage/storageaccounts/blobservices/containers:name]"] = r.named
	}
	if r.path != "" {
		attributes["@resource[microsoft.storage/storageaccounts/blobservices/containers/blobs:path]"] = r.path
	}
	if prefix, ok := r.query["prefix"]; ok {
		attributes["@request[microsoft.storage/storageaccounts/blobservices/containers/blobs:prefix]"] = prefix[0]
	}
	if !s.allowed(r.principal, r.action, r.data, scope, attributes) {
		return refuseBlob(http.StatusForbidden, "AuthorizationPermissionMismatch", "This request is not authorized to perform this operation using this permission.")
	}
	if r.operation == "listContainers" {
		return r.listOfContainers()
	}
	if r.container == nil {
		return refuseBlob(http.StatusNotFound, "ContainerNotFound", "The specified container does not exist.")
	}
	return r.answer()
}

func (r *blobRequest) answer() *Answer {
	switch r.operation {
	case "list":
		return r.list()
	case "getContainer":
		state := map[bool]string{true: "leased", false: "available"}[r.container.lease.held()]
		return answer(http.StatusOK, nil).with("Etag", textIn(r.container.resource.body, "etag")).with("Last-Modified", now().Format(http.TimeFormat)).
			with("x-ms-lease-state", state).with("x-ms-has-immutability-policy", "false").with("x-ms-has-legal-hold", "false")
	case "deleteContainer":
		if !r.server.dropContainer(r.Call, r.account, r.named) {
			return refuseBlob(http.StatusPreconditionFailed, "LeaseIdMissing", "There is currently a lease on the container and no lease ID was specified in the request.")
		}
		return answer(http.StatusAccepted, nil)
	case "leaseContainer":
		return r.leased(&r.container.lease)
	}
	return r.blob()
}

func (r *blobRequest) listOfContainers() *Answer {
	var out strings.Builder
	for name := range r.account.blobs.containers {
		fmt.Fprintf(&out, "<Container><Name>%s</Name><Properties><Etag>%s</Etag></Properties></Container>", name, escaped(etag()))
	}
	return document("<Containers>" + out.String() + "</Containers><NextMarker />")
}

func document(inner string) *Answer {
	return answer(http.StatusOK, []byte("\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults>"+inner+"</EnumerationResults>")).with("Content-Type", "application/xml")
}
