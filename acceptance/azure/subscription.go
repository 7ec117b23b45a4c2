package main

import (
	"fmt"
	"slices"
	"strings"
)

// The directory that all subscriptions belong to.
const tenant = "5f1d6cbe-3b1e-4b7e-9a0d-2c7f0a9e4d10"

// Settings are what a test may ask of its subscription.
type Settings struct {
	// OperationPolls is how often a long-running operation is asked about before it ends.
	OperationPolls int `json:"operationPolls"`
	// Propagation is how often a new role assignment is not known yet where it is needed.
	Propagation int `json:"propagation"`
	// PrincipalDelay is how often a new identity is not known yet to role assignments.
	PrincipalDelay int `json:"principalDelay"`
	// DefinitionDelay is how often a new role definition is not known yet to role assignments.
	DefinitionDelay int `json:"definitionDelay"`
	// FederationDelay is how often a new federated credential is not known yet to the token endpoint.
	FederationDelay int `json:"federationDelay"`
	// PageSize is the length of a page of a list.
	PageSize int `json:"pageSize"`
	// Unregistered names resource providers that nobody registered.
	Unregistered []string `json:"unregistered"`
	// ForeignCase gives ids back in other letter cases than they were given.
	ForeignCase bool `json:"foreignCase"`
	// Deviating lets services leave their description as recorded real ones do.
	Deviating bool `json:"deviating"`
	// Quotas is how many there may be of a type.
	Quotas map[string]int `json:"quotas"`
	// Locks are scopes in which nothing is deleted.
	Locks []string `json:"locks"`
	// PolicyDenies names types that a policy forbids.
	PolicyDenies []string `json:"policyDenies"`
}

// Subscription is everything of one test.
type Subscription struct {
	id          string
	settings    Settings
	faults      []*Fault
	calls       []Made
	violations  []string
	resources   map[string]*Resource // by key
	assignments []*Assignment
	definitions map[string]*RoleDefinition
	operations  map[string]*operation
	callers     map[string]*Principal
	owner       *Principal
}

// Made is a call that was made.
type Made struct {
	Operation string `json:"operation"`
	Method    string `json:"method"`
	Path      string `json:"path"`
	Status    int    `json:"status"`
	// Of what the description has: its operation, the version of the API, and what its body says.
	Name    string   `json:"name,omitempty"`
	Version string   `json:"version,omitempty"`
	Fields  []string `json:"fields,omitempty"`
}

// Resource is what Resource Manager keeps under an id.
type Resource struct {
	subscription *Subscription
	id           string
	body         Object
	// pending is how many polls are left until it is made.
	pending int
	// failure is how making it ends, if not well.
	failure *FaultAnswer
	// hosts are the names that are taken by it in the whole world.
	hosts []string
	// deleted is set for what is kept for a while after its deletion.
	deleted bool
	// Of data planes.
	blobs   *blobAccount
	secrets map[string]*secret
	images  map[string][]string
	cluster *cluster
	// Of private endpoints: link is the connection that one asks for, and links are those to what they lead to.
	link  *link
	links []*link
}

func key(id string) string { return strings.ToLower(strings.TrimSuffix(id, "/")) }

// subscriptionOf makes the subscription on the first call of its owner.
func (s *Server) subscriptionOf(id string) *Subscription {
	id = strings.ToLower(id)
	if known := s.subscriptions[id]; known != nil {
		return known
	}
	made := &Subscription{
		id: id, settings: Settings{OperationPolls: 1, PageSize: 100}, resources: map[string]*Resource{}, definitions: map[string]*RoleDefinition{},
		operations: map[string]*operation{}, callers: map[string]*Principal{},
	}
	s.subscriptions[id] = made
	made.owner = s.newPrincipal(made, "owner", "ServicePrincipal")
	for _, role := range ownerRoles {
		made.assignments = append(made.assignments, newAssignment(made.scope(), identifier(), made.owner, definitionID(made.scope(), roleID(role))))
	}
	return made
}

func (sub *Subscription) scope() string { return "/subscriptions/" + sub.id }

// get gives what exists under an id and is not deleted.
func (sub *Subscription) get(id string) *Resource {
	if found := sub.resources[key(id)]; found != nil && !found.deleted {
		return found
	}
	return nil
}

// under lists what exists directly in a collection, in the order of ids.
func (sub *Subscription) under(collection string) []*Resource {
	prefix := key(collection) + "/"
	var found []*Resource
	for id, resource := range sub.resources {
		if rest, ok := strings.CutPrefix(id, prefix); ok && !strings.Contains(rest, "/") {
			found = append(found, resource)
		}
	}
	slices.SortFunc(found, func(a, b *Resource) int { return strings.Compare(a.id, b.id) })
	return found
}

// ofType lists what exists of a type, in any resource group.
func (sub *Subscription) ofType(kind string) []*Resource {
	var found []*Resource
	for _, resource := range sub.resources {
		if same(textIn(resource.body, "type"), kind) && !resource.deleted {
			found = append(found, resource)
		}
	}
	slices.SortFunc(found, func(a, b *Resource) int { return strings.Compare(a.id, b.id) })
	return found
}

// store keeps a new resource under the id that the call names.
func (c *Call) store(body Object) *Resource {
	id := c.id()
	made := &Resource{subscription: c.subscription, id: id, body: body}
	body["id"], body["name"], body["type"] = id, id[strings.LastIndex(id, "/")+1:], resourceType(id)
	c.subscription.resources[key(id)] = made
	return made
}

// remove deletes a resource with all that is in it, and the role assignments on it.
func (s *Server) remove(resource *Resource) {
	sub, prefix := resource.subscription, key(resource.id)+"/"
	for id, inner := range sub.resources {
		if id+"/" == prefix || strings.HasPrefix(id, prefix) {
			s.free(inner)
			delete(sub.resources, id)
		}
	}
	sub.assignments = slices.DeleteFunc(sub.assignments, func(a *Assignment) bool { return strings.HasPrefix(key(a.scope)+"/", prefix) })
}

// take reserves a host name for a resource.
func (s *Server) take(host string, resource *Resource) {
	s.global[host] = resource
	resource.hosts = append(resource.hosts, host)
}

// free gives host names back, ends connections, and forgets the principal of an identity.
func (s *Server) free(resource *Resource) {
	resource.unlink()
	for _, host := range resource.hosts {
		delete(s.global, host)
	}
	if resourceType(resource.id) == identityType {
		delete(s.principals, textIn(resource.body, "properties", "principalId"))
	}
}

// id is the resource that the call names, spelled as the description spells it.
func (c *Call) id() string {
	id := c.route.Path
	for name, value := range c.parameters {
		id = strings.ReplaceAll(id, "{"+name+"}", value)
	}
	id = strings.ReplaceAll(id, "//", "/")
	return strings.Replace(id, "/resourcegroups/", "/resourceGroups/", 1)
}

// current is what exists under the id that the call names.
func (c *Call) current() *Resource { return c.subscription.get(c.id()) }

// resourceType is the type of an id: "Microsoft.Storage/storageAccounts/blobServices".
func resourceType(id string) string {
	_, path, ok := lastProvider(id)
	if !ok {
		switch strings.Count(strings.Trim(id, "/"), "/") {
		case 1:
			return "Microsoft.Resources/subscriptions"
		default:
			return "Microsoft.Resources/resourceGroups"
		}
	}
	parts := strings.Split(path, "/")
	kind := parts[0]
	for i := 1; i < len(parts); i += 2 {
		kind += "/" + parts[i]
	}
	return kind
}

// lastProvider cuts an id before the last provider in it.
func lastProvider(id string) (scope, path string, ok bool) {
	at := strings.LastIndex(strings.ToLower(id), "/providers/")
	if at < 0 {
		return id, "", false
	}
	return id[:at], id[at+len("/providers/"):], true
}

// violation notes that something left the description.
func (s *Server) violation(sub *Subscription, format string, arguments ...any) {
	text := fmt.Sprintf(format, arguments...)
	if sub == nil {
		s.unattributed = append(s.unattributed, text)
		return
	}
	sub.violations = append(sub.violations, text)
}
