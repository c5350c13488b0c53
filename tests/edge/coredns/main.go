// A resolver that answers from a hosts file: of CoreDNS, which EKS runs, only what that takes.
package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/hosts"
	_ "github.com/coredns/coredns/plugin/template"
)

func main() {
	// Their own order asks the template first, which here says what nobody else knows.
	dnsserver.Directives = []string{"bind", "errors", "cache", "hosts", "template"}
	coremain.Run()
}
