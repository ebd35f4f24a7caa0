//go:build tools

// Package tools names what ./build builds, so that go.mod knows what it needs.
package tools

import _ "k8s.io/kubernetes/cmd/kube-apiserver"
