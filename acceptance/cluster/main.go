// Command cluster is etcd and the Kubernetes programs in one binary; the first argument names the one to run.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	kubeproxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"

	// Registers --logging-format=json and the Prometheus client metrics, as the programs' own mains do.
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
)

var programs = map[string]func() *cobra.Command{
	"etcd":                    etcd,
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllermanager.NewControllerManagerCommand,
	"kube-proxy":              kubeproxy.NewProxyCommand,
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	"kubectl":                 kubectl.NewDefaultKubectlCommand,
	"kubelet":                 func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) },
}

func main() {
	// A symbolic link named after a program runs that program: kubectl looks itself up by its own name.
	name := filepath.Base(os.Args[0])
	if _, ok := programs[name]; !ok {
		if len(os.Args) < 2 || programs[os.Args[1]] == nil {
			fmt.Fprintf(os.Stderr, "usage: %s PROGRAM [ARGUMENT...]\nprograms: %s\n", name, strings.Join(names(), ", "))
			os.Exit(64)
		}
		name = os.Args[1]
		os.Args = append([]string{name}, os.Args[2:]...)
	}
	os.Exit(cli.Run(programs[name]()))
}

func names() []string {
	names := make([]string, 0, len(programs))
	for name := range programs {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// etcd runs one member configured by a file in etcd's own format.
func etcd() *cobra.Command {
	var file string
	command := &cobra.Command{
		Use:          "etcd --config-file FILE",
		SilenceUsage: true,
		RunE: func(command *cobra.Command, _ []string) error {
			config, err := embed.ConfigFromFile(file)
			if err != nil {
				return fmt.Errorf("reading %s: %w", file, err)
			}
			member, err := embed.StartEtcd(config)
			if err != nil {
				return fmt.Errorf("starting etcd: %w", err)
			}
			defer member.Close()
			stopped, cancel := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer cancel()
			select {
			case err := <-member.Err():
				return err
			case <-member.Server.StopNotify():
				return errors.New("etcd stopped by itself")
			case <-stopped.Done():
				return nil
			}
		},
	}
	command.Flags().StringVar(&file, "config-file", "", "etcd's own configuration file")
	if err := command.MarkFlagRequired("config-file"); err != nil {
		panic(err)
	}
	return command
}
