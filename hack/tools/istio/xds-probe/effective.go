package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	hcm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"istio.io/api/envoy/extensions/stats"

	// Known by name, so that a tracer's configuration can be printed.
	_ "github.com/envoyproxy/go-control-plane/envoy/config/trace/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/tracers/opentelemetry/resource_detectors/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/tracers/opentelemetry/samplers/v3"
)

const statsFilter = "istio.stats"

// effective is what one push says: the distinct settings of each direction's HTTP listeners (one as a
// rule, none where there are no such listeners), and the ports of the outbound listeners.
type effective struct {
	Outbound []*setting `json:"outbound"`
	Inbound  []*setting `json:"inbound"`
	Ports    []uint32   `json:"ports"`
}

type setting struct {
	Tracing *tracing          `json:"tracing"` // null: none is sent
	Stats   map[string]metric `json:"stats"`   // null: no filter istio.stats; {}: one without overrides
}

type tracing struct {
	Sampling *float64                   `json:"sampling"` // percent
	Provider string                     `json:"provider"` // "": the bootstrap's tracer
	Config   json.RawMessage            `json:"config"`   // the provider's own
	Tags     map[string]json.RawMessage `json:"tags"`
	Refused  string                     `json:"refused,omitempty"` // what Envoy's API says against it
}

type metric struct {
	Drop   bool              `json:"drop,omitempty"`
	Upsert map[string]string `json:"upsert,omitempty"`
	Remove []string          `json:"remove,omitempty"`
}

func decode(resources []*anypb.Any) (*effective, error) {
	e := &effective{Outbound: []*setting{}, Inbound: []*setting{}, Ports: []uint32{}}
	for _, resource := range resources {
		l := &listener.Listener{}
		if err := resource.UnmarshalTo(l); err != nil {
			return nil, err
		}
		if err := e.add(l); err != nil {
			return nil, fmt.Errorf("listener %s: %w", l.Name, err)
		}
	}
	slices.Sort(e.Ports)
	e.Ports = slices.Compact(e.Ports)
	return e, nil
}

func (e *effective) add(l *listener.Listener) error {
	into := &e.Outbound
	if l.TrafficDirection == core.TrafficDirection_INBOUND {
		into = &e.Inbound
	} else {
		e.Ports = append(e.Ports, l.GetAddress().GetSocketAddress().GetPortValue())
	}
	chains := l.FilterChains
	if l.DefaultFilterChain != nil {
		chains = append(chains, l.DefaultFilterChain)
	}
	for _, chain := range chains {
		for _, filter := range chain.Filters {
			manager := &hcm.HttpConnectionManager{}
			if !filter.GetTypedConfig().MessageIs(manager) {
				continue
			}
			if err := filter.GetTypedConfig().UnmarshalTo(manager); err != nil {
				return err
			}
			one, err := settingOf(manager)
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(*into, func(other *setting) bool { return reflect.DeepEqual(one, other) }) {
				*into = append(*into, one)
			}
		}
	}
	return nil
}

func settingOf(manager *hcm.HttpConnectionManager) (*setting, error) {
	s := &setting{}
	var err error
	if manager.Tracing != nil {
		if s.Tracing, err = tracingOf(manager.Tracing); err != nil {
			return nil, err
		}
	}
	for _, filter := range manager.HttpFilters {
		if filter.Name != statsFilter {
			continue
		}
		config := &stats.PluginConfig{}
		if err := filter.GetTypedConfig().UnmarshalTo(config); err != nil {
			return nil, err
		}
		s.Stats = statsOf(config)
	}
	return s, nil
}

func tracingOf(t *hcm.HttpConnectionManager_Tracing) (*tracing, error) {
	made := &tracing{Provider: t.GetProvider().GetName(), Tags: map[string]json.RawMessage{}}
	if t.RandomSampling != nil {
		made.Sampling = &t.RandomSampling.Value
	}
	if err := t.ValidateAll(); err != nil {
		made.Refused = err.Error()
	}
	var err error
	if config := t.GetProvider().GetTypedConfig(); config != nil {
		if made.Config, err = textOf(config); err != nil {
			return nil, err
		}
	}
	for _, tag := range t.CustomTags {
		name := tag.Tag
		tag.Tag = "" // leaves the kind of tag alone in the text
		if made.Tags[name], err = textOf(tag); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// textOf gives JSON that is the same for the same message: protojson's own spacing varies on purpose.
func textOf(message proto.Message) (json.RawMessage, error) {
	text, err := protojson.Marshal(message)
	if err != nil {
		return nil, err
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		return nil, err
	}
	return json.Marshal(plain)
}

// statsOf merges the entries of each metric: istiod may write more than one.
func statsOf(config *stats.PluginConfig) map[string]metric {
	made := map[string]metric{}
	for _, entry := range config.Metrics {
		m := made[entry.Name]
		m.Drop = m.Drop || entry.Drop
		for key, value := range entry.Dimensions {
			if m.Upsert == nil {
				m.Upsert = map[string]string{}
			}
			m.Upsert[key] = value
		}
		m.Remove = append(m.Remove, entry.TagsToRemove...)
		made[entry.Name] = m
	}
	return made
}
