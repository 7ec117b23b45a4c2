package main

import (
	"net/http"
	"regexp"
	"strings"
	"time"
)

// Microsoft.ManagedIdentity: user-assigned identities and their federated credentials.

const (
	identityType = "Microsoft.ManagedIdentity/userAssignedIdentities"
	// mostCredentials is how many federated credentials an identity may have.
	mostCredentials = 20
	// writing is how long a federated credential is being written.
	writing = 20 * time.Millisecond
)

var (
	identityName   = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_-]{2,127}$`)
	credentialName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_-]{2,119}$`)
)

func (s *Server) putIdentity(call *Call) *Answer {
	name := call.parameters["resourceName"]
	if !identityName.MatchString(name) {
		return refuse(http.StatusBadRequest, "InvalidResourceName", "The resource name '%s' is invalid: 3 to 128 letters, digits, hyphens and underscores, beginning with a letter or digit.", name)
	}
	if refused := call.misplaced(); refused != nil {
		return refused
	}
	if found := call.current(); found != nil {
		found.body["tags"] = orEmpty(call.body["tags"])
		return answer(http.StatusOK, found.body)
	}
	principal := s.newPrincipal(call.subscription, name, "ServicePrincipal")
	principal.unknown = call.subscription.settings.PrincipalDelay
	made := call.store(Object{
		"location": call.body["location"], "tags": orEmpty(call.body["tags"]),
		"properties": Object{"tenantId": tenant, "principalId": principal.id, "clientId": principal.client},
	})
	// As recorded from the real service.
	made.body["id"] = strings.Replace(made.id, "/resourceGroups/", "/resourcegroups/", 1)
	principal.identity = made
	return answer(http.StatusCreated, made.body)
}

func orEmpty(value any) any {
	if value == nil {
		return Object{}
	}
	return value
}

func (s *Server) patchIdentity(call *Call) *Answer {
	found := call.current()
	if found == nil {
		return call.notFound()
	}
	if tags, ok := call.body["tags"]; ok {
		found.body["tags"] = orEmpty(tags)
	}
	return answer(http.StatusOK, found.body)
}

func (s *Server) deleteIdentity(call *Call) *Answer {
	found := call.current()
	if found == nil {
		return answer(http.StatusNoContent, nil)
	}
	s.remove(found)
	return answer(http.StatusOK, nil)
}

func (c *Call) identity() *Resource {
	id := c.id()
	return c.subscription.get(id[:strings.Index(id, "/federatedIdentityCredentials")])
}

// concurrently is false where another credential of the identity is being written. Writing takes a moment, without the lock.
func (s *Server) concurrently(identity *Resource) *Answer {
	if identity.pending > 0 {
		return refuse(http.StatusConflict, "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
			"Too many Federated Identity Credentials are written concurrently for the managed identity '%s'. Concurrent Federated Identity Credentials writes under the same managed identity are not supported.", identity.id)
	}
	identity.pending = 1
	s.mu.Unlock()
	time.Sleep(writing)
	s.mu.Lock()
	identity.pending = 0
	return nil
}

func (s *Server) putCredential(call *Call) *Answer {
	identity := call.identity()
	if identity == nil {
		return refuse(http.StatusNotFound, "ParentResourceNotFound", "Failed to perform 'write' on resource(s) of type 'userAssignedIdentities/federatedIdentityCredentials', because the parent resource could not be found.")
	}
	if refused := s.concurrently(identity); refused != nil {
		return refused
	}
	name := call.parameters["federatedIdentityCredentialResourceName"]
	audiences, _ := in(call.body, "properties", "audiences").([]any)
	issuer := call.text("properties", "issuer")
	switch {
	case !credentialName.MatchString(name):
		return refuse(http.StatusBadRequest, "BadRequest", "The federated identity credential's name '%s' is invalid: 3 to 120 letters, digits, hyphens and underscores.", name)
	case len(audiences) != 1:
		return refuse(http.StatusBadRequest, "BadRequest", "A federated identity credential has exactly one audience.")
	case !strings.HasPrefix(issuer, "https://") || len(issuer) > 600 || len(call.text("properties", "subject")) > 600:
		return refuse(http.StatusBadRequest, "BadRequest", "Issuer and subject have at most 600 characters, and the issuer is an https URL: '%s'.", issuer)
	}
	current := call.current()
	all := call.subscription.under(identity.id + "/federatedIdentityCredentials")
	for _, other := range all {
		if other != current && textIn(other.body, "properties", "issuer") == issuer && textIn(other.body, "properties", "subject") == call.text("properties", "subject") {
			return refuse(http.StatusConflict, "FederatedIdentityCredentialAlreadyExists", "Issuer and subject combination already exists for this Managed Identity: '%s'.", other.id)
		}
	}
	if current != nil {
		current.body["properties"] = call.body["properties"]
		return answer(http.StatusOK, current.body)
	}
	if len(all) >= mostCredentials {
		return refuse(http.StatusBadRequest, "BadRequest", "Too many Federated Identity Credentials: a managed identity can have at most %d.", mostCredentials)
	}
	made := call.store(Object{"properties": call.body["properties"]})
	made.pending = call.subscription.settings.FederationDelay
	return answer(http.StatusCreated, made.body)
}

func (s *Server) deleteCredential(call *Call) *Answer {
	found := call.current()
	if found == nil {
		return answer(http.StatusNoContent, nil)
	}
	if refused := s.concurrently(call.identity()); refused != nil {
		return refused
	}
	s.remove(found)
	return answer(http.StatusOK, nil)
}
