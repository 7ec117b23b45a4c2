package main

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Microsoft.Authorization: role definitions.

func (s *Server) getDefinition(call *Call) *Answer {
	if role := call.subscription.definition(call.id()); role != nil {
		return answer(http.StatusOK, role.body(call.subscription.scope()))
	}
	return refuse(http.StatusNotFound, "RoleDefinitionDoesNotExist", "The specified role definition with ID '%s' does not exist.", call.parameters["roleDefinitionId"])
}

var definitionFilter = regexp.MustCompile(`^(?:atScopeAndBelow\(\) and )?(roleName|type) eq '([^']*)'$`)

func (s *Server) listDefinitions(call *Call) *Answer {
	filter := call.query.Get("$filter")
	match := definitionFilter.FindStringSubmatch(filter)
	if filter != "" && match == nil {
		return refuse(http.StatusBadRequest, "InvalidFilter", "The filter '%s' is not supported.", filter)
	}
	var found []Object
	roles := slices.Clone(builtIn)
	for _, role := range call.subscription.definitions {
		if !role.ofTest {
			roles = append(roles, role)
		}
	}
	for _, role := range roles {
		body := role.body(call.subscription.scope())
		if match == nil || same(textIn(body, "properties", match[1]), match[2]) {
			found = append(found, body)
		}
	}
	slices.SortFunc(found, func(a, b Object) int { return strings.Compare(textIn(a, "name"), textIn(b, "name")) })
	return call.page(found)
}

// isData says whether an action is one of a data plane.
func isData(action string) bool {
	for _, plane := range []string{blobs, secrets, "Microsoft.KeyVault/vaults/keys/", "Microsoft.Insights/"} {
		if strings.HasPrefix(strings.ToLower(action), strings.ToLower(plane)) {
			return true
		}
	}
	return false
}

func (s *Server) defineRole(call *Call) *Answer {
	id := strings.ToLower(call.parameters["roleDefinitionId"])
	if !isGUID(id) {
		return refuse(http.StatusBadRequest, "InvalidRoleDefinitionId", "The role definition ID '%s' is not valid: it must be a GUID.", id)
	}
	var properties struct {
		RoleName, Type, Description string
		AssignableScopes            []string
		Permissions                 []struct{ Actions, NotActions, DataActions, NotDataActions []string }
	}
	if err := remarshal(call.properties(), &properties); err != nil || len(properties.Permissions) != 1 {
		return refuse(http.StatusBadRequest, "InvalidRoleDefinition", "A role has one set of permissions.")
	}
	permissions := properties.Permissions[0]
	role := &RoleDefinition{
		ID: id, Name: properties.RoleName, Custom: true, Scopes: properties.AssignableScopes, Description: properties.Description,
		Actions: permissions.Actions, NotActions: permissions.NotActions, DataActions: permissions.DataActions, NotDataActions: permissions.NotDataActions,
		unknown: call.subscription.settings.DefinitionDelay,
	}
	if properties.Type != "" && properties.Type != "CustomRole" {
		return refuse(http.StatusBadRequest, "InvalidRoleDefinitionType", "The type '%s' is not one that can be made.", properties.Type)
	}
	if refused := s.checkRole(call, role); refused != nil {
		return refused
	}
	if before := call.subscription.definitions[id]; before != nil {
		role.unknown = before.unknown
	}
	call.subscription.definitions[id] = role
	return answer(http.StatusCreated, role.body(call.subscription.scope()))
}

// checkRole refuses what Azure refuses of a custom role. Its codes are known where issues of other clients show them; the others
// are ours.
func (s *Server) checkRole(call *Call, role *RoleDefinition) *Answer {
	sub := call.subscription
	switch {
	case role.Name == "" || len(role.Name) > 512:
		return refuse(http.StatusBadRequest, "InvalidRoleDefinitionName", "The role name must have 1 to 512 characters.")
	case len(role.Actions)+len(role.DataActions) == 0:
		return refuse(http.StatusBadRequest, "InvalidRoleDefinitionHasNoActions", "A role lets do something.")
	case len(role.Scopes) == 0:
		return refuse(http.StatusBadRequest, "MissingAssignableScopes", "A role has one assignable scope at least.")
	}
	for _, action := range slices.Concat(role.Actions, role.NotActions) {
		if action != "*" && !strings.HasPrefix(action, "*/") && !strings.HasPrefix(strings.ToLower(action), "microsoft.") || isData(action) {
			return refuse(http.StatusBadRequest, "InvalidActionOrNotAction", "'%s' does not match any of the actions supported by the providers.", action)
		}
	}
	for _, action := range slices.Concat(role.DataActions, role.NotDataActions) {
		if action != "*" && !isData(action) {
			return refuse(http.StatusBadRequest, "InvalidDataActionOrNotDataAction", "'%s' does not match any of the data actions supported by the providers.", action)
		}
	}
	for _, scope := range role.Scopes {
		kind := resourceType(scope)
		if !same(scope, sub.scope()) && (kind != "Microsoft.Resources/resourceGroups" || sub.get(scope) == nil) {
			return refuse(http.StatusBadRequest, "InvalidAssignableScopes", "The scope '%s' is no subscription or resource group of the directory.", scope)
		}
		if !s.allowed(call.principal, call.operation, false, scope, nil) {
			return refuse(http.StatusForbidden, "LinkedAuthorizationFailed",
				"The client '%s' with object id '%s' has permission to perform action '%s' on scope '%s'; however, it does not have permission to perform action(s) '%s' on the linked scope(s) '%s' or the linked scope(s) are invalid.",
				call.principal.client, call.principal.id, call.operation, call.scope(), call.operation, scope)
		}
	}
	custom := 0
	for _, other := range s.rolesOfTheDirectory() {
		if other.ID != role.ID && same(other.Name, role.Name) {
			return refuse(http.StatusConflict, "RoleDefinitionWithSameNameExists", "A role definition cannot be updated with a name that already exists.")
		}
		if other.Custom && other.ID != role.ID {
			custom++
		}
	}
	if most, ok := sub.settings.Quotas["Microsoft.Authorization/roleDefinitions"]; ok && custom >= most {
		return refuse(http.StatusBadRequest, "RoleDefinitionLimitExceeded", "No more role definitions can be created (code: RoleDefinitionLimitExceeded)")
	}
	return nil
}

func (s *Server) rolesOfTheDirectory() []*RoleDefinition {
	all := slices.Clone(builtIn)
	for _, sub := range s.subscriptions {
		for _, role := range sub.definitions {
			// Callers of tests have the names that tests gave them, the same in each subscription.
			if !role.ofTest {
				all = append(all, role)
			}
		}
	}
	return all
}

// assignable says whether the role may be assigned in a scope.
func (r *RoleDefinition) assignable(scope string) bool {
	return !r.Custom || slices.ContainsFunc(r.Scopes, func(own string) bool { return strings.HasPrefix(key(scope)+"/", key(own)+"/") })
}

func (s *Server) deleteDefinition(call *Call) *Answer {
	sub := call.subscription
	role := sub.definition(call.id())
	if role == nil {
		return answer(http.StatusNoContent, nil)
	}
	if !role.Custom {
		return refuse(http.StatusBadRequest, "InvalidRoleDefinition", "The role '%s' is Azure's.", role.Name)
	}
	if slices.ContainsFunc(sub.assignments, func(a *Assignment) bool { return sub.definition(a.role) == role }) {
		return refuse(http.StatusBadRequest, "RoleDefinitionHasAssignments", "There are existing role assignments referencing role (code: '%s').", role.ID)
	}
	delete(sub.definitions, role.ID)
	return answer(http.StatusOK, role.body(sub.scope()))
}
