package main

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Principal is somebody in the directory.
type Principal struct {
	id           string // object id
	client       string
	name         string
	kind         string
	subscription *Subscription
	// identity is the managed identity that this is the principal of.
	identity *Resource
	// unknown is how often role assignments do not find it yet.
	unknown int
	// used are the actions that its calls took so far.
	used map[string]bool
}

var (
	managementAudiences = []string{"https://management.azure.com", "https://management.core.windows.net"}
	vaultAudiences      = []string{"https://vault.azure.net"}
	storageAudiences    = []string{"https://storage.azure.com"}
	registryAudiences   = []string{"https://containerregistry.azure.net"}
	aksAudiences        = []string{"6dae42f8-4368-4678-94ff-3960e28e3630"}
	// What the directory gives tokens for.
	resources = slices.Concat(managementAudiences, vaultAudiences, storageAudiences, registryAudiences, aksAudiences)
)

func (s *Server) newPrincipal(sub *Subscription, name, kind string) *Principal {
	made := &Principal{id: identifier(), client: identifier(), name: name, kind: kind, subscription: sub, used: map[string]bool{}}
	s.principals[made.id] = made
	return made
}

// named reads the tokens that tests write themselves: "owner.SUBSCRIPTION" and "caller.NAME.SUBSCRIPTION".
func (s *Server) named(token string) *Principal {
	if id, ok := strings.CutPrefix(token, "owner."); ok && isGUID(id) {
		return s.subscriptionOf(id).owner
	}
	if rest, ok := strings.CutPrefix(token, "caller."); ok {
		if name, id, ok := strings.Cut(rest, "."); ok && s.subscriptions[strings.ToLower(id)] != nil {
			return s.subscriptions[strings.ToLower(id)].callers[name]
		}
	}
	return nil
}

// whose finds out who a token speaks for, when it is for one of the audiences.
func (s *Server) whose(token string, audiences []string) *Principal {
	if named := s.named(token); named != nil {
		return named
	}
	keys := keySet{}
	if err := remarshal(s.keys.set(), &keys); err != nil {
		return nil
	}
	claims, err := keys.verified(token)
	if err != nil || claims.text("tid") != tenant || !claims.isFor(audiences) {
		return nil
	}
	return s.principals[claims.text("oid")]
}

// authenticate demands a bearer token for one of the audiences.
func (s *Server) authenticate(call *Call, audiences []string) (*Principal, *Answer) {
	token, ok := strings.CutPrefix(call.http.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return nil, refuse(http.StatusUnauthorized, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.").
			with("WWW-Authenticate", `Bearer authorization_uri="https://login.microsoftonline.com/`+tenant+`", error="invalid_token", error_description="The authentication failed because of missing 'Authorization' header."`)
	}
	if principal := s.whose(token, audiences); principal != nil {
		return principal, nil
	}
	return nil, refuse(http.StatusUnauthorized, "InvalidAuthenticationToken", "The access token is invalid, has expired, or is for another audience.").
		with("WWW-Authenticate", `Bearer authorization_uri="https://login.microsoftonline.com/`+tenant+`", error="invalid_token"`)
}

// issue signs a token for a principal.
func (s *Server) issue(principal *Principal, audience string) (string, error) {
	issued := time.Now()
	return s.keys.sign(Claims{
		"aud": audience, "iss": "https://sts.windows.net/" + tenant + "/", "iat": issued.Unix(), "nbf": issued.Unix(), "exp": issued.Add(time.Hour).Unix(),
		"oid": principal.id, "sub": principal.id, "tid": tenant, "appid": principal.client, "ver": "1.0", "idtyp": "app",
	})
}

// usedBy lists the actions that the calls of a test's caller took so far.
func (s *Server) usedBy(call *Call, name string) *Answer {
	caller := call.subscription.callers[name]
	if caller == nil {
		return refuse(http.StatusNotFound, "NotFound", "nobody is called %s", name)
	}
	return answer(http.StatusOK, slices.Sorted(maps.Keys(caller.used)))
}

// addCaller makes somebody who may do exactly what a test lists.
func (s *Server) addCaller(call *Call) *Answer {
	var asked struct {
		Name        string   `json:"name"`
		Actions     []string `json:"actions"`
		DataActions []string `json:"dataActions"`
		Scopes      []string `json:"scopes"`
	}
	return call.decoded(&asked, func() *Answer {
		sub := call.subscription
		caller := sub.callers[asked.Name]
		if caller == nil {
			caller = s.newPrincipal(sub, asked.Name, "ServicePrincipal")
			sub.callers[asked.Name] = caller
		}
		if len(asked.Scopes) == 0 {
			asked.Scopes = []string{sub.scope()}
		}
		sub.assignments = slices.DeleteFunc(sub.assignments, func(a *Assignment) bool { return a.principal == caller.id })
		role := &RoleDefinition{ID: identifier(), Name: asked.Name, Custom: true, ofTest: true, Actions: asked.Actions, DataActions: asked.DataActions, Scopes: asked.Scopes}
		sub.definitions[role.ID] = role
		for _, scope := range asked.Scopes {
			sub.assignments = append(sub.assignments, newAssignment(scope, identifier(), caller, definitionID(sub.scope(), role.ID)))
		}
		return answer(http.StatusOK, Object{"token": "caller." + asked.Name + "." + sub.id, "principalId": caller.id, "clientId": caller.client, "tenantId": tenant})
	})
}
