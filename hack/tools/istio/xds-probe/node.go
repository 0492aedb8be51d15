package main

import (
	"encoding/json"
	"fmt"
	"strings"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
	"istio.io/istio/pkg/config/mesh"
	corev1 "k8s.io/api/core/v1"
)

const (
	proxyContainer   = "istio-proxy"
	configAnnotation = "proxy.istio.io/config"
	metaPrefix       = "ISTIO_META_"
)

// nodeOf says who a pod's proxy is, in the words of the agent beside Envoy.
func nodeOf(pod *corev1.Pod, release string) (*core.Node, error) {
	container := proxyOf(pod)
	if container == nil {
		return nil, fmt.Errorf("the pod has no container %s: it was not injected", proxyContainer)
	}
	config, err := configOf(pod, container)
	if err != nil {
		return nil, err
	}
	fields := metaOf(container)
	for key, value := range map[string]any{
		"NAME":            pod.Name,
		"NAMESPACE":       pod.Namespace,
		"SERVICE_ACCOUNT": pod.Spec.ServiceAccountName,
		"NODE_NAME":       pod.Spec.NodeName,
		"INSTANCE_IPS":    pod.Status.PodIP,
		"ISTIO_VERSION":   release,
		"LABELS":          pod.Labels,
		"ANNOTATIONS":     pod.Annotations,
		"PROXY_CONFIG":    config,
	} {
		fields[key] = value
	}
	text, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	meta := &structpb.Struct{}
	if err := protojson.Unmarshal(text, meta); err != nil {
		return nil, err
	}
	return &core.Node{
		Id: fmt.Sprintf("%s~%s~%s.%s~%s.svc.cluster.local", roleOf(container), pod.Status.PodIP, pod.Name,
			pod.Namespace, pod.Namespace),
		Cluster:  pod.Name + "." + pod.Namespace,
		Metadata: meta,
	}, nil
}

// proxyOf finds the proxy's container: in a native sidecar it is an init container.
func proxyOf(pod *corev1.Pod) *corev1.Container {
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			if list[i].Name == proxyContainer {
				return &list[i]
			}
		}
	}
	return nil
}

// roleOf is the agent's second argument: "sidecar" or "router".
func roleOf(container *corev1.Container) string {
	if len(container.Args) > 1 && container.Args[0] == "proxy" {
		return container.Args[1]
	}
	return "sidecar"
}

// metaOf gives the metadata that the injector wrote into the environment.
func metaOf(container *corev1.Container) map[string]any {
	fields := map[string]any{}
	for _, env := range container.Env {
		if key, ours := strings.CutPrefix(env.Name, metaPrefix); ours && env.ValueFrom == nil {
			fields[key] = env.Value
		}
	}
	return fields
}

// configOf merges as the agent does: its defaults, then PROXY_CONFIG, then the annotation.
func configOf(pod *corev1.Pod, container *corev1.Container) (json.RawMessage, error) {
	config := mesh.DefaultProxyConfig()
	layers := []string{}
	for _, env := range container.Env {
		if env.Name == "PROXY_CONFIG" {
			layers = append(layers, env.Value)
		}
	}
	layers = append(layers, pod.Annotations[configAnnotation])
	for _, layer := range layers {
		if strings.TrimSpace(layer) == "" {
			continue
		}
		var err error
		if config, err = mesh.MergeProxyConfig(layer, config); err != nil {
			return nil, err
		}
	}
	return protojson.Marshal(config)
}
