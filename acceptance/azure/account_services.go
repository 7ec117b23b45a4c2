package main

import (
	"net/http"
	"regexp"
	"strings"
)

// Microsoft.Storage: file shares, queues and tables, as Resource Manager lists them. What they hold is nobody's business here.

var (
	shareName = regexp.MustCompile(`^[a-z0-9](-?[a-z0-9]){2,62}$`)
	tableName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{2,62}$`)
)

func (s *Server) putInAccount(call *Call) *Answer {
	if call.account() == nil {
		return call.noAccount()
	}
	id := call.id()
	name, valid := id[strings.LastIndex(id, "/")+1:], shareName
	if strings.Contains(id, "/tableServices/") {
		valid = tableName
	}
	if !valid.MatchString(name) || len(name) > 63 {
		return refuse(http.StatusBadRequest, "InvalidResourceName", "The specified resource name '%s' contains invalid characters or has another length than it may.", name)
	}
	if found := call.current(); found != nil {
		return answer(http.StatusOK, found.body)
	}
	made := call.store(Object{"properties": call.properties()})
	if strings.Contains(id, "/fileServices/") {
		return answer(http.StatusCreated, made.body)
	}
	return answer(http.StatusOK, made.body)
}

func (s *Server) listInAccount(call *Call) *Answer {
	account := call.account()
	if account == nil {
		return call.noAccount()
	}
	var found []Object
	for _, held := range call.subscription.under(call.id()) {
		found = append(found, held.body)
	}
	return call.page(found)
}

// deleteInAccount answers 204 for queues and tables, also where there was one.
func (s *Server) deleteInAccount(call *Call) *Answer {
	found := call.current()
	if found == nil {
		return refuse(http.StatusNotFound, "ResourceNotFound", "The specified resource does not exist.")
	}
	s.remove(found)
	if strings.Contains(found.id, "/fileServices/") {
		return answer(http.StatusOK, nil)
	}
	return answer(http.StatusNoContent, nil)
}
