package main

import (
	"context"
	"fmt"
	"log/slog"
	"sort"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	monitoringv1alpha1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1alpha1"
	"github.com/prometheus-operator/prometheus-operator/pkg/assets"
	"github.com/prometheus-operator/prometheus-operator/pkg/k8s"
	"github.com/prometheus-operator/prometheus-operator/pkg/operator"
	prompkg "github.com/prometheus-operator/prometheus-operator/pkg/prometheus"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/ptr"
)

var discard = slog.New(slog.DiscardHandler)

// cluster is an input as the operator's packages want to see it.
type cluster struct {
	in      *input
	req     *request
	client  *fake.Clientset
	store   *assets.StoreBuilder
	spaces  cache.SharedIndexInformer
	metrics *operator.Metrics
	events  *operator.EventRecorder
}

func newCluster(in *input, req *request) (*cluster, error) {
	c := &cluster{
		in: in, req: req,
		client:  fake.NewClientset(),
		spaces:  cache.NewSharedIndexInformer(&cache.ListWatch{}, &corev1.Namespace{}, 0, cache.Indexers{}),
		metrics: operator.NewMetrics(prometheus.NewRegistry()),
		events:  operator.NewFakeRecorder(10000, nil),
	}
	for _, ns := range in.everyNamespace() {
		if err := c.spaces.GetStore().Add(ns); err != nil {
			return nil, err
		}
	}
	c.store = assets.NewStoreBuilder(c.client.CoreV1(), c.client.CoreV1())
	for _, kind := range []string{"Secret", "ConfigMap"} {
		for _, o := range in.objects[kind] {
			if err := c.client.Tracker().Add(o); err != nil {
				return nil, err
			}
			if !req.Preload {
				continue
			}
			if err := c.store.AddObject(o); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

// lister gives the objects of a kind as the operator's informers would.
func (c *cluster) lister(kind string) prompkg.ListAllByNamespaceFn {
	return func(namespace string, selector labels.Selector, add cache.AppendFunc) error {
		for _, o := range c.in.objects[kind] {
			if o.GetNamespace() == namespace && selector.Matches(labels.Set(o.GetLabels())) {
				add(o)
			}
		}
		return nil
	}
}

// chosen is what the selectors let through, by namespace/name.
type chosen struct {
	services map[string]*monitoringv1.ServiceMonitor
	pods     map[string]*monitoringv1.PodMonitor
	probes   map[string]*monitoringv1.Probe
	configs  map[string]*monitoringv1alpha1.ScrapeConfig
}

// pick notes the verdicts on one kind and gives what is valid, or all of it where asked to.
func pick[T operator.ConfigurationResource](c *cluster, a *answer, kind string,
	selection operator.TypedResourcesSelection[T], err error) (map[string]T, error) {
	if err != nil {
		return nil, fmt.Errorf("selecting %ss failed: %w", kind, err)
	}
	for _, o := range c.in.objects[kind] {
		v := &verdict{Kind: kind, Namespace: o.GetNamespace(), Name: o.GetName(), Verdict: "unselected"}
		if found, ok := selection[key(o)]; ok {
			v.Verdict = "selected"
			if condition := found.Conditions()[0]; condition.Status != monitoringv1.ConditionTrue {
				v.Verdict, v.Reason = "rejected", condition.Message
			}
		}
		a.Objects = append(a.Objects, v)
	}
	if !c.req.Unvalidated {
		return selection.ValidResources(), nil
	}
	all := map[string]T{}
	for name, found := range selection {
		all[name] = found.Resource()
	}
	return all, nil
}

func (c *cluster) choose(a *answer) (*chosen, error) {
	ctx := context.Background()
	selector, err := prompkg.NewResourceSelector(discard, c.in.prometheus, c.store, c.spaces, c.metrics, c.events)
	if err != nil {
		return nil, err
	}
	out := &chosen{}
	services, err := selector.SelectServiceMonitors(ctx, c.lister("ServiceMonitor"))
	if out.services, err = pick(c, a, "ServiceMonitor", services, err); err != nil {
		return nil, err
	}
	pods, err := selector.SelectPodMonitors(ctx, c.lister("PodMonitor"))
	if out.pods, err = pick(c, a, "PodMonitor", pods, err); err != nil {
		return nil, err
	}
	probes, err := selector.SelectProbes(ctx, c.lister("Probe"))
	if out.probes, err = pick(c, a, "Probe", probes, err); err != nil {
		return nil, err
	}
	configs, err := selector.SelectScrapeConfigs(ctx, c.lister("ScrapeConfig"))
	if out.configs, err = pick(c, a, "ScrapeConfig", configs, err); err != nil {
		return nil, err
	}
	return out, nil
}

func (c *cluster) options() []prompkg.ConfigGeneratorOption {
	rows := map[string]func() prompkg.ConfigGeneratorOption{
		"endpointSliceSupported":      prompkg.WithEndpointSliceSupport,
		"prometheusTopologySharding":  prompkg.WithPrometheusTopologySharding,
		"prometheusRetentionPolicies": prompkg.WithPrometheusRetentionPolicies,
		"podTopologyLabelsSupported":  prompkg.WithPodTopologyLabelsSupport,
		"inlineTLSConfig":             prompkg.WithInlineTLSConfig,
		"daemonSet":                   prompkg.WithDaemonSet,
		"bypassVersionCheck":          prompkg.WithoutVersionCheck,
	}
	var out []prompkg.ConfigGeneratorOption
	for name, on := range c.req.Options {
		if make := rows[name]; make != nil && on {
			out = append(out, make())
		}
	}
	return out
}

// render follows the operator's own order: selection, rules, generator, credentials, text.
func (c *cluster) render(a *answer) error {
	picked, err := c.choose(a)
	if err != nil {
		return err
	}
	if agent, ok := c.in.prometheus.(*monitoringv1alpha1.PrometheusAgent); ok {
		return c.renderAgent(agent, picked, a)
	}
	return c.renderServer(c.in.prometheus.(*monitoringv1.Prometheus), picked, a)
}

func (c *cluster) renderServer(p *monitoringv1.Prometheus, picked *chosen, a *answer) error {
	namespaces, err := operator.SelectNamespacesFromCache(p, p.Spec.RuleNamespaceSelector, c.spaces)
	if err != nil {
		return err
	}
	if a.RuleFiles, err = c.selectRules(promRules(p), namespaces, a); err != nil {
		return err
	}
	names, err := c.publishRules(p, a.RuleFiles, a)
	if err != nil {
		return err
	}
	if c.req.RuleConfigMapNames != nil {
		names = *c.req.RuleConfigMapNames
	}
	generator, err := prompkg.NewConfigGenerator(discard, p, c.options()...)
	if err != nil {
		return err
	}
	if p.Spec.ServiceMonitorSelector == nil && p.Spec.PodMonitorSelector == nil &&
		p.Spec.ProbeSelector == nil && p.Spec.ScrapeConfigSelector == nil && !c.req.Unvalidated {
		a.Unmanaged = true
		return nil
	}
	if err := c.serverCredentials(generator, p); err != nil && !c.req.Unvalidated {
		return err
	}
	var extra [3][]byte
	for i, ref := range []*corev1.SecretKeySelector{p.Spec.AdditionalScrapeConfigs,
		p.Spec.AdditionalAlertRelabelConfigs, p.Spec.AdditionalAlertManagerConfigs} {
		if extra[i], err = c.secret(p.Namespace, ref); err != nil {
			return err
		}
	}
	text, err := generator.GenerateServerConfiguration(p, picked.services, picked.pods, picked.probes,
		picked.configs, c.store, extra[0], extra[1], extra[2], names)
	a.Config = string(text)
	return err
}

func (c *cluster) serverCredentials(generator *prompkg.ConfigGenerator, p *monitoringv1.Prometheus) error {
	ctx := context.Background()
	if err := prompkg.AddRemoteReadsToStore(ctx, c.store, p.Namespace, p.Spec.RemoteRead); err != nil {
		return err
	}
	if err := c.credentials(generator, p); err != nil {
		return err
	}
	if p.Spec.Alerting == nil {
		return nil
	}
	for i, am := range p.Spec.Alerting.Alertmanagers {
		if err := c.alertmanager(p, am); err != nil {
			return fmt.Errorf("alertmanager %d: %w", i, err)
		}
	}
	return nil
}

// credentials loads what servers and agents have in common.
func (c *cluster) credentials(generator *prompkg.ConfigGenerator, p monitoringv1.PrometheusInterface) error {
	ctx, namespace, cpf := context.Background(), p.GetObjectMeta().GetNamespace(), p.GetCommonPrometheusFields()
	if err := generator.AddRemoteWriteToStore(ctx, c.store, namespace, cpf.RemoteWrite); err != nil {
		return err
	}
	if err := prompkg.AddAPIServerConfigToStore(ctx, c.store, namespace, cpf.APIServerConfig); err != nil {
		return err
	}
	return prompkg.AddScrapeClassesToStore(ctx, c.store, namespace, cpf.ScrapeClasses)
}

func (c *cluster) secret(namespace string, ref *corev1.SecretKeySelector) ([]byte, error) {
	data, err := k8s.LoadSecretRef(context.Background(), discard, c.client.CoreV1().Secrets(namespace), ref)
	if err != nil {
		return nil, fmt.Errorf("loading additional configuration from Secret failed: %w", err)
	}
	return data, nil
}

func (c *cluster) renderAgent(p *monitoringv1alpha1.PrometheusAgent, picked *chosen, a *answer) error {
	options := c.options()
	if ptr.Deref(p.Spec.Mode, "") == monitoringv1alpha1.DaemonSetPrometheusAgentMode {
		options = append(options, prompkg.WithDaemonSet())
	}
	generator, err := prompkg.NewConfigGenerator(discard, p, options...)
	if err != nil {
		return err
	}
	if err := c.credentials(generator, p); err != nil && !c.req.Unvalidated {
		return err
	}
	extra, err := c.secret(p.Namespace, p.Spec.AdditionalScrapeConfigs)
	if err != nil {
		return err
	}
	text, err := generator.GenerateAgentConfiguration(picked.services, picked.pods, picked.probes,
		picked.configs, c.store, extra)
	a.Config = string(text)
	return err
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

func has(list []string, text string) bool {
	for _, s := range list {
		if s == text {
			return true
		}
	}
	return false
}
