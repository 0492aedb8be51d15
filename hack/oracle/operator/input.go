package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	monitoringv1alpha1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// object is what every document is decoded into.
type object interface {
	runtime.Object
	metav1.Object
}

// makers tells the Go type of each kind that is read.
var makers = map[string]func() object{
	"monitoring.coreos.com/v1/Prometheus":            func() object { return &monitoringv1.Prometheus{} },
	"monitoring.coreos.com/v1alpha1/PrometheusAgent": func() object { return &monitoringv1alpha1.PrometheusAgent{} },
	"monitoring.coreos.com/v1/ServiceMonitor":        func() object { return &monitoringv1.ServiceMonitor{} },
	"monitoring.coreos.com/v1/PodMonitor":            func() object { return &monitoringv1.PodMonitor{} },
	"monitoring.coreos.com/v1/Probe":                 func() object { return &monitoringv1.Probe{} },
	"monitoring.coreos.com/v1alpha1/ScrapeConfig":    func() object { return &monitoringv1alpha1.ScrapeConfig{} },
	"monitoring.coreos.com/v1/PrometheusRule":        func() object { return &monitoringv1.PrometheusRule{} },
	"v1/Secret":    func() object { return &corev1.Secret{} },
	"v1/ConfigMap": func() object { return &corev1.ConfigMap{} },
	"v1/Namespace": func() object { return &corev1.Namespace{} },
}

// input is one cluster: what a file holds, by kind.
type input struct {
	prometheus monitoringv1.PrometheusInterface // the first Prometheus or PrometheusAgent, or nil
	main       *verdict                         // its verdict, filled only if a schema refuses it
	objects    map[string][]object              // by kind, sorted by namespace/name
	verdicts   []*verdict                       // of the objects that a schema refuses
	namespaces map[string]*corev1.Namespace
}

// verdict tells what became of one object.
type verdict struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Verdict   string `json:"verdict"` // selected, rejected, schema, unselected or dropped
	Reason    string `json:"reason,omitempty"`
}

// readInput decodes the documents of a file; a later document of the same name wins.
func readInput(text string, known schemas) (*input, error) {
	in := &input{objects: map[string][]object{}, namespaces: map[string]*corev1.Namespace{}}
	reader := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	for i := 1; ; i++ {
		doc, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(doc)) == 0 {
			continue
		}
		if err := in.add(doc, known); err != nil {
			return nil, fmt.Errorf("document %d: %w", i, err)
		}
	}
	for _, list := range in.objects {
		sort.SliceStable(list, func(i, j int) bool { return key(list[i]) < key(list[j]) })
	}
	return in, nil
}

func key(o metav1.Object) string {
	return o.GetNamespace() + "/" + o.GetName()
}

func (in *input) add(doc []byte, known schemas) error {
	raw, err := yaml.YAMLToJSONStrict(doc)
	if err != nil {
		return err
	}
	fields := map[string]any{}
	if err := utiljson.Unmarshal(raw, &fields); err != nil {
		return err
	}
	kind, _ := fields["kind"].(string)
	version, _ := fields["apiVersion"].(string)
	make := makers[version+"/"+kind]
	if make == nil {
		return fmt.Errorf("%s %s is not read here", version, kind)
	}
	meta, _ := fields["metadata"].(map[string]any)
	if meta == nil {
		meta = map[string]any{}
		fields["metadata"] = meta
	}
	if ns, _ := meta["namespace"].(string); ns == "" && kind != "Namespace" {
		meta["namespace"] = "default"
	}
	found := &verdict{Kind: kind}
	found.Namespace, _ = meta["namespace"].(string)
	found.Name, _ = meta["name"].(string)
	messages := known.admit(fields)
	target := make()
	if len(messages) == 0 {
		messages = decode(fields, target)
	}
	if len(messages) > 0 {
		found.Verdict, found.Reason = "schema", strings.Join(messages, "; ")
		in.refuse(found)
		return nil
	}
	in.take(kind, target)
	return nil
}

// decode fills the Go type strictly: what it does not know is a message.
func decode(fields map[string]any, target object) []string {
	raw, err := json.Marshal(fields)
	if err != nil {
		return []string{err.Error()}
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(target); err != nil {
		return []string{err.Error()}
	}
	return nil
}

func (in *input) refuse(found *verdict) {
	in.verdicts = append(in.verdicts, found)
	if (found.Kind == "Prometheus" || found.Kind == "PrometheusAgent") && in.prometheus == nil && in.main == nil {
		in.main = found
	}
}

func (in *input) take(kind string, o object) {
	switch v := o.(type) {
	case *corev1.Namespace:
		in.namespaces[v.Name] = v
		return
	case *corev1.Secret:
		if v.Data == nil {
			v.Data = map[string][]byte{}
		}
		for k, text := range v.StringData {
			v.Data[k] = []byte(text)
		}
		v.StringData = nil
	case monitoringv1.PrometheusInterface:
		if in.prometheus == nil && in.main == nil {
			in.prometheus = v
		}
	}
	list := in.objects[kind]
	for i := range list {
		if key(list[i]) == key(o) {
			list[i] = o
			return
		}
	}
	in.objects[kind] = append(list, o)
}

// everyNamespace is the Namespaces of the file, with the label that an API server gives them, and, bare,
// those that its objects lie in.
func (in *input) everyNamespace() []*corev1.Namespace {
	all := map[string]*corev1.Namespace{}
	for _, list := range in.objects {
		for _, o := range list {
			name := o.GetNamespace()
			all[name] = &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
		}
	}
	for name, ns := range in.namespaces {
		if ns.Labels == nil {
			ns.Labels = map[string]string{}
		}
		ns.Labels[corev1.LabelMetadataName] = name
		all[name] = ns
	}
	out := make([]*corev1.Namespace, 0, len(all))
	for _, ns := range all {
		out = append(out, ns)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}
