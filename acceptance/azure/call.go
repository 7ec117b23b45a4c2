package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Object is a JSON object.
type Object = map[string]any

// Call is one request on its way.
type Call struct {
	server       *Server
	http         *http.Request
	path         string // inside of its plane
	query        url.Values
	raw          []byte
	body         Object
	route        *Route
	parameters   map[string]string
	subscription *Subscription
	principal    *Principal
	// operation is the action that the caller needs: "Microsoft.Storage/storageAccounts/write".
	operation string
	// partly says that they may do it in parts of the scope only.
	partly bool
	// blob is the operation of the blob service that it is.
	blob  string
	fault *FaultAnswer
	lost  bool
	// after is the answer in place of the true one.
	after *Answer
}

// Answer is what a caller gets.
type Answer struct {
	Status int
	Header map[string]string
	Body   any // an Object, or bytes that are sent as they are
}

func answer(status int, body any) *Answer {
	return &Answer{Status: status, Body: body, Header: map[string]string{}}
}

func (a *Answer) with(name, value string) *Answer {
	a.Header[name] = value
	return a
}

// refuse is an error of Resource Manager.
func refuse(status int, code, format string, arguments ...any) *Answer {
	return answer(status, Object{"error": Object{"code": code, "message": fmt.Sprintf(format, arguments...)}})
}

// encoded is the body as it is sent.
func (a *Answer) encoded() []byte {
	switch body := a.Body.(type) {
	case nil:
		return nil
	case []byte:
		return body
	default:
		text, err := json.Marshal(body)
		if err != nil {
			return []byte(err.Error())
		}
		return text
	}
}

func (a *Answer) write(w http.ResponseWriter, call *Call) {
	id := identifier()
	header := w.Header()
	header.Set("x-ms-request-id", id)
	header.Set("x-ms-correlation-request-id", id)
	header.Set("x-ms-routing-request-id", "WESTEUROPE:"+now().Format("20060102T150405Z")+":"+id)
	if sent := call.http.Header.Get("x-ms-client-request-id"); sent != "" {
		header.Set("x-ms-client-request-id", sent)
	}
	if a.Body != nil {
		header.Set("Content-Type", "application/json; charset=utf-8")
	}
	for name, value := range a.Header {
		header.Set(name, value)
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.encoded())
}

// base is the address under which the caller knows us.
func (c *Call) base() string { return "https://" + c.http.Host }

// text is a string in the request's body: `text("properties", "principalId")`.
func (c *Call) text(path ...string) string { return textIn(c.body, path...) }

func (c *Call) properties() Object { return objectIn(c.body, "properties") }

// in looks up a value of nested objects.
func in(object Object, path ...string) any {
	var value any = object
	for _, name := range path {
		inner, ok := value.(Object)
		if !ok {
			return nil
		}
		value = inner[name]
	}
	return value
}

func textIn(object Object, path ...string) string {
	text, _ := in(object, path...).(string)
	return text
}

func objectIn(object Object, path ...string) Object {
	inner, _ := in(object, path...).(Object)
	if inner == nil {
		return Object{}
	}
	return inner
}

func boolIn(object Object, path ...string) bool {
	value, _ := in(object, path...).(bool)
	return value
}

// changed is an object with some properties replaced; null removes one.
func changed(object, changes Object) Object {
	result := Object{}
	for name, value := range object {
		result[name] = value
	}
	for name, value := range changes {
		if value == nil {
			delete(result, name)
		} else {
			result[name] = value
		}
	}
	return result
}

// copied is a value that shares nothing with the original.
func copied(object Object) Object {
	var result Object
	text, err := json.Marshal(object)
	if err != nil || json.Unmarshal(text, &result) != nil {
		return Object{}
	}
	return result
}

// identifier is a random GUID.
func identifier() string {
	bytes := make([]byte, 16)
	_, _ = rand.Read(bytes) // it never fails
	bytes[6], bytes[8] = bytes[6]&0x0f|0x40, bytes[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", bytes[:4], bytes[4:6], bytes[6:8], bytes[8:10], bytes[10:])
}

func now() time.Time { return time.Now().UTC() }

// moment is a time as Azure writes most: seven decimals.
func moment() string { return now().Format("2006-01-02T15:04:05.0000000Z") }

func same(a, b string) bool { return strings.EqualFold(a, b) }
