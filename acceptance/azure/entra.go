package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// entra answers the directory: tokens, and where its keys are.
func (s *Server) entra(call *Call) *Answer {
	directory, path, _ := strings.Cut(strings.Trim(call.path, "/"), "/")
	authority := call.base() + "/" + directory
	switch path {
	case "discovery/v2.0/keys", "discovery/keys":
		return answer(http.StatusOK, s.keys.set())
	case "v2.0/.well-known/openid-configuration":
		return answer(http.StatusOK, Object{
			"token_endpoint": authority + "/oauth2/v2.0/token", "authorization_endpoint": authority + "/oauth2/v2.0/authorize",
			"issuer": authority + "/v2.0", "jwks_uri": authority + "/discovery/v2.0/keys",
		})
	case "discovery/instance":
		return answer(http.StatusOK, Object{"tenant_discovery_endpoint": call.base() + "/" + tenant + "/v2.0/.well-known/openid-configuration", "metadata": []any{}})
	case "oauth2/v2.0/token":
		if call.http.Method == http.MethodPost {
			return s.token(call, directory)
		}
	}
	return answer(http.StatusNotFound, Object{"error": "not_found"})
}

// rejected is an error of the token endpoint.
func rejected(status int, kind string, code int, format string, arguments ...any) *Answer {
	trace := identifier()
	text := fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s", code, fmt.Sprintf(format, arguments...), trace, trace, moment())
	return answer(status, Object{
		"error": kind, "error_description": text, "error_codes": []int{code}, "timestamp": moment(), "trace_id": trace, "correlation_id": trace,
	})
}

func (s *Server) token(call *Call, directory string) *Answer {
	form, err := url.ParseQuery(string(call.raw))
	if err != nil || form.Get("grant_type") != "client_credentials" {
		return rejected(http.StatusBadRequest, "unsupported_grant_type", 70003, "The app requested an unsupported grant type '%s'.", form.Get("grant_type"))
	}
	if directory != tenant {
		return rejected(http.StatusBadRequest, "invalid_request", 90002, "Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.", directory)
	}
	scope, ok := strings.CutSuffix(form.Get("scope"), "/.default")
	if !ok || scope == "" {
		return rejected(http.StatusBadRequest, "invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid. The scope %s is not valid.", form.Get("scope"))
	}
	if !slices.Contains(resources, strings.TrimSuffix(scope, "/")) {
		return rejected(http.StatusBadRequest, "invalid_resource", 500011, "The resource principal named %s was not found in the tenant named %s.", scope, tenant)
	}
	principal, refused := s.client(call, form)
	if principal == nil {
		return refused
	}
	call.subscription, call.operation = principal.subscription, "token"
	if refused == nil {
		refused = call.faulted(func(status int, code, message string) *Answer {
			return answer(status, Object{"error": code, "error_description": message, "error_codes": []int{}})
		})
	}
	if refused != nil {
		call.made(refused.Status)
		return refused
	}
	token, err := s.issue(principal, scope)
	if err != nil {
		return rejected(http.StatusInternalServerError, "server_error", 90033, "%v", err)
	}
	call.made(http.StatusOK)
	return answer(http.StatusOK, Object{"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": token})
}

// client says who asks for a token. With a principal and a refusal, it is known who was refused.
func (s *Server) client(call *Call, form url.Values) (*Principal, *Answer) {
	if secret := form.Get("client_secret"); secret != "" {
		if named := s.named(secret); named != nil && same(named.client, form.Get("client_id")) {
			return named, nil
		}
		return nil, rejected(http.StatusUnauthorized, "invalid_client", 7000215, "Invalid client secret provided for app '%s'.", form.Get("client_id"))
	}
	if form.Get("client_assertion_type") != assertionType {
		return nil, rejected(http.StatusUnauthorized, "invalid_client", 7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
	}
	for _, principal := range s.principals {
		if same(principal.client, form.Get("client_id")) {
			return principal, s.federated(principal, form.Get("client_assertion"))
		}
	}
	return nil, rejected(http.StatusBadRequest, "unauthorized_client", 700016, "Application with identifier '%s' was not found in the directory '%s'.", form.Get("client_id"), tenant)
}

// federated holds an assertion against the federated credentials of an identity; nil lets it pass.
func (s *Server) federated(principal *Principal, assertion string) *Answer {
	claims, err := unverified(assertion)
	if err != nil {
		return rejected(http.StatusUnauthorized, "invalid_client", 50027, "JWT token is invalid or malformed: %v.", err)
	}
	known := s.issuers[claims.text("iss")]
	if known == nil {
		return rejected(http.StatusUnauthorized, "invalid_client", 700211, "No matching federated identity record found for presented assertion issuer '%s'.", claims.text("iss"))
	}
	// Whoever publishes the keys may ask us something meanwhile.
	s.mu.Unlock()
	keys, err := known.keys()
	s.mu.Lock()
	if err != nil {
		return rejected(http.StatusUnauthorized, "invalid_client", 500113, "The keys of '%s' cannot be read: %v.", known.Issuer, err)
	}
	switch claims, err = keys.verified(assertion); err {
	case nil:
	case errExpired:
		return rejected(http.StatusUnauthorized, "invalid_client", 700024, "Client assertion is not within its valid time range.")
	default:
		return rejected(http.StatusUnauthorized, "invalid_client", 700027, "The certificate with identifier used to sign the client assertion is not registered on application: %v.", err)
	}
	return s.trusted(principal, claims)
}

func (s *Server) trusted(principal *Principal, claims Claims) *Answer {
	if principal.identity == nil {
		return rejected(http.StatusBadRequest, "invalid_request", 70021, "No matching federated identity record found for presented assertion.")
	}
	missing := 700211 // the issuer
	for _, credential := range principal.subscription.under(principal.identity.id + "/federatedIdentityCredentials") {
		if textIn(credential.body, "properties", "issuer") != claims.text("iss") {
			continue
		}
		if textIn(credential.body, "properties", "subject") != claims.text("sub") {
			missing = max(missing, 700213)
			continue
		}
		audiences, _ := in(credential.body, "properties", "audiences").([]any)
		var wanted []string
		for _, audience := range audiences {
			text, _ := audience.(string)
			wanted = append(wanted, text)
		}
		if !slices.ContainsFunc(claims.audiences(), func(audience string) bool { return slices.Contains(wanted, audience) }) {
			missing = 700212
			continue
		}
		if credential.pending > 0 {
			credential.pending--
			return rejected(http.StatusBadRequest, "invalid_request", 70021, "No matching federated identity record found for presented assertion. Assertion Issuer: '%s'. Assertion Subject: '%s'.", claims.text("iss"), claims.text("sub"))
		}
		return nil
	}
	what := map[int]string{700211: "issuer '" + claims.text("iss"), 700213: "subject '" + claims.text("sub"), 700212: "audience '" + strings.Join(claims.audiences(), ", ")}[missing]
	return rejected(http.StatusUnauthorized, "invalid_client", missing, "No matching federated identity record found for presented assertion %s'. Please note that the matching is done using a case-sensitive comparison.", what)
}

func remarshal(from, into any) error {
	text, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}
