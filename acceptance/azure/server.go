package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// The hosts of Azure's data planes: the name of the object comes before them.
const (
	vaultHost    = ".vault.azure.net"
	blobHost     = ".blob.core.windows.net"
	registryHost = ".azurecr.io"
)

// Server stands in for Entra, Resource Manager and the data planes of vaults, storage accounts and registries.
type Server struct {
	checker *Checker
	keys    *signingKey

	mu            sync.Mutex
	subscriptions map[string]*Subscription
	principals    map[string]*Principal // by object id
	issuers       map[string]*issuer
	gates         map[string]*gate
	// The names that are one world over all subscriptions, by host name.
	global map[string]*Resource
	// What left the description where no subscription could be told.
	unattributed []string
	// stamps counts the versions of blobs.
	stamps int
}

func newServer(checker *Checker) (*Server, error) {
	keys, err := newSigningKey()
	if err != nil {
		return nil, err
	}
	return &Server{
		checker: checker, keys: keys, subscriptions: map[string]*Subscription{}, principals: map[string]*Principal{},
		issuers: map[string]*issuer{}, gates: map[string]*gate{}, global: map[string]*Resource{},
	}, nil
}

// serve answers over TLS, and on a second, plain address: administration, token reviews, and a proxy that takes clients which
// were told no address of ours to the first.
func serve(checker *Checker, certificate, key string) error {
	server, err := newServer(checker)
	if err != nil {
		return err
	}
	secure, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	addresses := map[string]string{"endpoint": "https://" + secure.Addr().String(), "plain": "http://" + plain.Addr().String()}
	if err := json.NewEncoder(os.Stdout).Encode(addresses); err != nil {
		return err
	}
	// Handshakes that fail are a test's own business.
	quiet := log.New(io.Discard, "", 0)
	ended := make(chan error, 2)
	go func() {
		inner := &http.Server{Handler: proxy{secure.Addr().String(), server}, ReadHeaderTimeout: time.Minute, ErrorLog: quiet}
		ended <- inner.Serve(plain)
	}()
	go func() {
		// Without HTTP/2, an answer that is lost takes its connection along.
		outer := &http.Server{Handler: server, ReadHeaderTimeout: time.Minute, ErrorLog: quiet, TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}}
		ended <- outer.ServeTLS(secure, certificate, key)
	}()
	return <-ended
}

// ServeHTTP finds the plane by the host, or by the first part of the path.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	call := &Call{server: s, http: r, path: r.URL.EscapedPath(), query: r.URL.Query(), raw: body}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	for suffix, plane := range map[string]string{vaultHost: "vault", blobHost: "blob", registryHost: "registry"} {
		if name, ok := strings.CutSuffix(host, suffix); ok {
			call.path = fmt.Sprintf("/%s/%s%s", plane, name, call.path)
		}
	}
	answer := s.answer(call)
	if call.lost {
		panic(http.ErrAbortHandler) // closes the connection
	}
	if call.after != nil {
		answer = call.after
	}
	answer.write(w, call)
}

// answer finds who answers, one call at a time. What it gives shares nothing with what is kept.
func (s *Server) answer(call *Call) *Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	first, rest, _ := strings.Cut(strings.TrimPrefix(call.path, "/"), "/")
	var answer *Answer
	switch {
	case strings.HasPrefix(first, "_"):
		answer = s.administer(call)
	case first == "vault":
		answer = s.within(call, rest, s.secrets)
	case first == "blob":
		answer = s.within(call, rest, s.blobs)
	case first == "registry":
		answer = s.within(call, rest, s.images)
	case strings.Contains(rest, "oauth2/") || strings.Contains(rest, "discovery/") || strings.Contains(rest, ".well-known/"):
		answer = s.entra(call)
	default:
		answer = s.arm(call)
	}
	if body := answer.encoded(); body != nil {
		answer.Body = body
	}
	return answer
}

// within gives a data plane the name of its object, and the path inside of it.
func (s *Server) within(call *Call, path string, plane func(*Call, string) *Answer) *Answer {
	name, inner, _ := strings.Cut(path, "/")
	call.path = "/" + inner
	return plane(call, strings.ToLower(name))
}
