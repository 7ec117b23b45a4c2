package main

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// images answers a registry's own API: the exchange of tokens, and which repositories it has. No description of it is checked.
func (s *Server) images(call *Call, name string) *Answer {
	registry := s.global[name+registryHost]
	if registry == nil {
		return call.nowhere()
	}
	call.subscription, call.operation = registry.subscription, "Microsoft.ContainerRegistry/registries/metadata/read"
	made := s.ofRegistry(call, registry)
	call.made(made.Status)
	return made
}

func unregistered(status int, code, message string) *Answer {
	return answer(status, Object{"errors": []any{Object{"code": code, "message": message, "detail": nil}}})
}

func (s *Server) ofRegistry(call *Call, registry *Resource) *Answer {
	if refused := call.faulted(func(status int, code, message string) *Answer { return unregistered(status, code, message) }); refused != nil {
		return refused
	}
	form, _ := url.ParseQuery(string(call.raw))
	audience := "https://" + textIn(registry.body, "properties", "loginServer")
	server := strings.TrimPrefix(audience, "https://")
	if strings.HasPrefix(call.path, "/oauth2/") && form.Get("service") != server {
		return unregistered(http.StatusBadRequest, "BAD_REQUEST", "the service is not "+server)
	}
	switch call.http.Method + " " + call.path {
	case "POST /oauth2/exchange":
		principal := s.whose(form.Get("access_token"), slices.Concat(registryAudiences, managementAudiences))
		if principal == nil || form.Get("grant_type") != "access_token" {
			return unregistered(http.StatusUnauthorized, "UNAUTHORIZED", "the token is not for this registry")
		}
		return s.registryToken(principal, audience+"/refresh", "refresh_token")
	case "POST /oauth2/token":
		principal := s.whose(form.Get("refresh_token"), []string{audience + "/refresh"})
		if principal == nil || form.Get("grant_type") != "refresh_token" || form.Get("scope") == "" {
			return unregistered(http.StatusUnauthorized, "UNAUTHORIZED", "the refresh token is not for this registry")
		}
		return s.registryToken(principal, audience+"/"+form.Get("scope"), "access_token")
	}
	return s.repositories(call, registry, audience)
}

func (s *Server) registryToken(principal *Principal, audience, name string) *Answer {
	token, err := s.issue(principal, audience)
	if err != nil {
		return unregistered(http.StatusInternalServerError, "UNKNOWN", err.Error())
	}
	return answer(http.StatusOK, Object{name: token})
}

func (s *Server) repositories(call *Call, registry *Resource, audience string) *Answer {
	token := strings.TrimPrefix(call.http.Header.Get("Authorization"), "Bearer ")
	repository, one := strings.CutPrefix(call.path, "/acr/v1/")
	scope := "repository:" + repository + ":metadata_read"
	if repository == "_catalog" {
		scope = "registry:catalog:*"
	}
	principal := s.whose(token, []string{audience + "/" + scope})
	if !one || call.http.Method != http.MethodGet || principal == nil {
		return unregistered(http.StatusUnauthorized, "UNAUTHORIZED", "authentication required, visit https://aka.ms/acr/authorization for more information.")
	}
	// By repository, the roles of whole registries let nobody in.
	action, data := "Microsoft.ContainerRegistry/registries/pull/read", false
	switch {
	case textIn(registry.body, "properties", "roleAssignmentMode") != byRepository:
	case repository == "_catalog":
		action, data = "Microsoft.ContainerRegistry/registries/catalog/read", true
	default:
		action, data = "Microsoft.ContainerRegistry/registries/repositories/metadata/read", true
	}
	if !s.allowed(principal, action, data, registry.id, nil) {
		// The token was given to anybody, and says nothing of this.
		return unregistered(http.StatusUnauthorized, "UNAUTHORIZED", "authentication required, visit https://aka.ms/acr/authorization for more information.")
	}
	if repository != "_catalog" {
		images, ok := registry.images[repository]
		if !ok {
			return unregistered(http.StatusNotFound, "NAME_UNKNOWN", "repository name not known to registry")
		}
		return answer(http.StatusOK, Object{"registry": strings.TrimPrefix(audience, "https://"), "imageName": repository, "manifestCount": len(images), "tagCount": len(images)})
	}
	var names []string
	for name := range registry.images {
		if name > call.query.Get("last") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if most, err := strconv.Atoi(call.query.Get("n")); err == nil && most < len(names) {
		names = names[:most]
	}
	return answer(http.StatusOK, Object{"repositories": names}) // null for none, as the real one
}

// pushImages puts images into a registry for a test: {"registry", "repository", "digests"}.
func (s *Server) pushImages(call *Call) *Answer {
	var asked struct {
		Registry   string   `json:"registry"`
		Repository string   `json:"repository"`
		Digests    []string `json:"digests"`
	}
	return call.decoded(&asked, func() *Answer {
		registry := s.global[strings.ToLower(asked.Registry)+registryHost]
		if registry == nil {
			return refuse(http.StatusNotFound, "NotFound", "no registry %s", asked.Registry)
		}
		registry.images[asked.Repository] = append(registry.images[asked.Repository], asked.Digests...)
		return answer(http.StatusOK, Object{})
	})
}
