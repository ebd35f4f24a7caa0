// Reads Kubernetes objects as YAML on standard input and decodes each strictly into the types of its own API: an unknown or
// doubled field, a wrong type or an unknown kind is told, and the exit status is 1.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
)

func decoder() (runtime.Decoder, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, appsv1.AddToScheme, batchv1.AddToScheme, networkingv1.AddToScheme, policyv1.AddToScheme,
		rbacv1.AddToScheme, monitoringv1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	return serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer(), nil
}

// check decodes every document; it gives how many there were, and the complaints.
func check(input io.Reader) (count int, complaints []error, err error) {
	decode, err := decoder()
	if err != nil {
		return 0, nil, err
	}
	reader := yaml.NewYAMLReader(bufio.NewReader(input))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return count, complaints, nil
		}
		if err != nil {
			return count, complaints, err
		}
		if json, err := yaml.ToJSON(document); err == nil && bytes.Equal(bytes.TrimSpace(json), []byte("null")) {
			continue
		}
		count++
		if _, kind, err := decode.Decode(document, nil, nil); err != nil {
			complaints = append(complaints, fmt.Errorf("object %d (%v): %w", count, kind, err))
		}
	}
}

func main() {
	count, complaints, err := check(os.Stdin)
	if err != nil {
		complaints = append(complaints, err)
	}
	for _, complaint := range complaints {
		fmt.Println(complaint)
	}
	fmt.Printf("%d objects, %d complaints\n", count, len(complaints))
	if len(complaints) > 0 {
		os.Exit(1)
	}
}
