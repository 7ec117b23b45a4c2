package main

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Microsoft.Authorization: role assignments, and what the caller may. Role definitions are in definitions.go.

func (a *Assignment) id() string {
	return a.scope + "/providers/Microsoft.Authorization/roleAssignments/" + a.name
}

func (a *Assignment) body() Object {
	properties := Object{
		"roleDefinitionId": a.role, "principalId": a.principal, "principalType": a.kind, "scope": a.scope,
		"createdOn": a.created, "updatedOn": a.created,
	}
	for name, value := range map[string]string{"condition": a.condition, "conditionVersion": a.version, "description": a.description} {
		if value != "" {
			properties[name] = value
		}
	}
	return Object{"id": a.id(), "name": a.name, "type": "Microsoft.Authorization/roleAssignments", "properties": properties}
}

func (c *Call) assignment() *Assignment {
	for _, assignment := range c.subscription.assignments {
		if same(assignment.id(), c.id()) {
			return assignment
		}
	}
	return nil
}

// exists says whether something can be given a role on.
func (c *Call) exists(scope string) bool {
	sub := c.subscription
	if same(scope, sub.scope()) || sub.get(scope) != nil {
		return true
	}
	// Secrets and keys belong to the data plane of their vault.
	for _, kind := range []string{"/secrets/", "/keys/"} {
		if vault, _, ok := strings.Cut(strings.ToLower(scope), kind); ok && sub.get(vault) != nil {
			return true
		}
	}
	return false
}

func (s *Server) assignRole(call *Call) *Answer {
	sub, scope := call.subscription, call.scope()
	name := call.parameters["roleAssignmentName"]
	if !isGUID(name) {
		return refuse(http.StatusBadRequest, "InvalidRoleAssignmentId", "The role assignment ID '%s' is not valid. The role assignment ID must be a GUID.", name)
	}
	if !call.exists(scope) {
		return refuse(http.StatusNotFound, "ResourceNotFound", "The Resource '%s' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix", scope)
	}
	id := call.text("properties", "principalId")
	role := sub.definition(call.text("properties", "roleDefinitionId"))
	if role != nil && role.unknown > 0 {
		role.unknown--
		role = nil
	}
	if role == nil {
		return refuse(http.StatusNotFound, "RoleDefinitionDoesNotExist", "The specified role definition with ID '%s' does not exist.", call.text("properties", "roleDefinitionId"))
	}
	if !role.assignable(scope) {
		return refuse(http.StatusBadRequest, "RoleDefinitionNotAssignableAtScope", "The role '%s' cannot be assigned at the scope '%s': its assignable scopes are %v.", role.Name, scope, role.Scopes)
	}
	if known := call.assignment(); known != nil {
		// What it is narrowed by, and what is said of it, are all that ever changes.
		if known.principal != id || sub.definition(known.role) != role {
			return refuse(http.StatusBadRequest, "RoleAssignmentUpdateNotPermitted", "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.")
		}
		if refused := known.narrow(call); refused != nil {
			return refused
		}
		return answer(http.StatusCreated, known.body())
	}
	for _, other := range sub.assignments {
		if same(other.scope, scope) && other.principal == id && sub.definition(other.role) == role {
			return refuse(http.StatusConflict, "RoleAssignmentExists", "The role assignment already exists. The ID of the existing role assignment is %s.", strings.ReplaceAll(other.name, "-", ""))
		}
	}
	if most, ok := sub.settings.Quotas["Microsoft.Authorization/roleAssignments"]; ok && len(sub.assignments) >= most {
		return refuse(http.StatusBadRequest, "RoleAssignmentLimitExceeded", "No more role assignments can be created (code: RoleAssignmentLimitExceeded)")
	}
	principal, refused := s.assignee(id, call.text("properties", "principalType"))
	if refused != nil {
		return refused
	}
	made := newAssignment(scope, name, principal, definitionID(sub.scope(), role.ID))
	made.pending = sub.settings.Propagation
	if refused := made.narrow(call); refused != nil {
		return refused
	}
	sub.assignments = append(sub.assignments, made)
	return answer(http.StatusCreated, made.body())
}

// longestCondition is how many characters Azure takes.
const longestCondition = 8192

// narrow takes the condition and the description that a call gives.
func (a *Assignment) narrow(call *Call) *Answer {
	text, version := call.text("properties", "condition"), call.text("properties", "conditionVersion")
	if text == "" && version != "" || text != "" && version != "2.0" {
		return refuse(http.StatusBadRequest, "InvalidConditionVersion", "The condition version '%s' is not supported: the only one is '2.0'.", version)
	}
	var parsed *condition
	if text != "" {
		if len(text) > longestCondition {
			return refuse(http.StatusBadRequest, "InvalidCondition", "The condition has %d characters, more than %d.", len(text), longestCondition)
		}
		var err error
		if parsed, err = parseCondition(text); err != nil {
			return refuse(http.StatusBadRequest, "InvalidCondition", "The condition is not valid: %v.", err)
		}
	}
	a.condition, a.version, a.parsed = text, version, parsed
	a.description = call.text("properties", "description")
	return nil
}

// assignee finds who is to have a role, as far as the directory knows yet.
func (s *Server) assignee(id, kind string) (*Principal, *Answer) {
	principal := s.principals[id]
	if principal != nil && principal.unknown > 0 {
		principal.unknown--
		principal = nil
	}
	if principal == nil {
		return nil, refuse(http.StatusBadRequest, "PrincipalNotFound",
			"Principal %s does not exist in the directory %s. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype",
			strings.ReplaceAll(id, "-", ""), tenant)
	}
	if kind != "" && kind != principal.kind {
		return nil, refuse(http.StatusBadRequest, "UnmatchedPrincipalType", "The PrincipalId '%s' has type '%s', which is different from specified PrincipalType '%s'.", id, principal.kind, kind)
	}
	return principal, nil
}

func (s *Server) getAssignment(call *Call) *Answer {
	if known := call.assignment(); known != nil {
		return answer(http.StatusOK, known.body())
	}
	return refuse(http.StatusNotFound, "RoleAssignmentNotFound", "The role assignment '%s' is not found.", call.parameters["roleAssignmentName"])
}

func (s *Server) unassignRole(call *Call) *Answer {
	known := call.assignment()
	if known == nil {
		return answer(http.StatusNoContent, nil)
	}
	call.subscription.assignments = slices.DeleteFunc(call.subscription.assignments, func(a *Assignment) bool { return a == known })
	return answer(http.StatusOK, known.body())
}

var principalFilter = regexp.MustCompile(`^(?:principalId eq '([^']*)'|assignedTo\('([^']*)'\))$`)

// listAssignments gives those at the scope, above and below it; atScope() leaves out those below.
func (s *Server) listAssignments(call *Call) *Answer {
	scope, filter := key(call.scope()), call.query.Get("$filter")
	match := principalFilter.FindStringSubmatch(filter)
	if filter != "" && filter != "atScope()" && match == nil {
		return refuse(http.StatusBadRequest, "InvalidFilter", "The filter '%s' is not supported. Supported filters are either 'atScope()' or 'principalId eq '{value}' or assignedTo('{value}')'.", filter)
	}
	var found []Object
	for _, assignment := range call.subscription.assignments {
		own := key(assignment.scope)
		above := strings.HasPrefix(scope+"/", own+"/")
		below := strings.HasPrefix(own+"/", scope+"/")
		if !above && (!below || filter == "atScope()") {
			continue
		}
		if match == nil || same(assignment.principal, match[1]+match[2]) {
			found = append(found, assignment.body())
		}
	}
	return call.page(found)
}

// listPermissions says what the caller may do in a scope.
func (s *Server) listPermissions(call *Call) *Answer {
	scope := key(call.scope())
	var found []Object
	for _, assignment := range call.subscription.assignments {
		role := call.subscription.definition(assignment.role)
		if assignment.principal == call.principal.id && role != nil && strings.HasPrefix(scope+"/", key(assignment.scope)+"/") {
			permissions := objectIn(role.body(""), "properties")["permissions"].([]any)
			found = append(found, permissions[0].(Object))
		}
	}
	return call.page(found)
}
