package main

import (
	"io"
	"net"
	"net/http"
)

// proxy is the plain address. CONNECT leads to the stand-in whatever host is asked for.
type proxy struct {
	secure string
	server *Server
}

func (p proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		p.server.ServeHTTP(w, r)
		return
	}
	outer, err := net.Dial("tcp", p.secure)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		http.Error(w, "no tunnel over this connection", http.StatusBadGateway)
		return
	}
	inner, buffered, err := hijacker.Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	if _, err := io.WriteString(inner, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(outer, buffered)
		_ = outer.Close()
	}()
	_, _ = io.Copy(inner, outer)
	_ = inner.Close()
}
