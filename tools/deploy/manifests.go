package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// aside are the manifests that Kustomize does not apply.
const aside = "secret.example.yaml ingress.example.yaml migrate-job.yaml"

// readManifests reads all manifests as the cluster does, and refuses fields that it
// does not know.
func (l linter) readManifests() ([]runtime.Object, error) {
	folder := l.path("kubernetes")
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return nil, err
	}
	text, err := resources.AsYaml()
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", folder, err)
	}
	objects, failed := decode(folder, text)
	for name := range strings.FieldsSeq(aside) {
		path := filepath.Join(folder, name)
		text, err := os.ReadFile(path) //nolint:gosec // one of the files above
		if err != nil {
			return nil, err
		}
		more, err := decode(path, text)
		objects, failed = append(objects, more...), errors.Join(failed, err)
	}
	return objects, failed
}

func decode(path string, text []byte) ([]runtime.Object, error) {
	known := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, appsv1.AddToScheme, autoscalingv2.AddToScheme,
		batchv1.AddToScheme, networkingv1.AddToScheme, policyv1.AddToScheme,
	} {
		if err := add(known); err != nil {
			return nil, err
		}
	}
	strict := json.NewSerializerWithOptions(json.DefaultMetaFactory, known, known, json.SerializerOptions{Yaml: true, Strict: true})
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	var objects []runtime.Object
	var failed error
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return objects, failed
		}
		if err != nil {
			return objects, errors.Join(failed, fmt.Errorf("%s: %w", path, err))
		}
		object, kind, err := strict.Decode(document, nil, nil)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %v: %w", path, kind, err))
			continue
		}
		objects = append(objects, object)
	}
}
