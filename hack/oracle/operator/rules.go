package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/blang/semver/v4"
	"github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus-operator/prometheus-operator/pkg/informers"
	"github.com/prometheus-operator/prometheus-operator/pkg/namespacelabeler"
	"github.com/prometheus-operator/prometheus-operator/pkg/operator"
	prompkg "github.com/prometheus-operator/prometheus-operator/pkg/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/tools/cache"
)

// parserFeatures are the feature flags that change what PromQL is.
var parserFeatures = map[string]func(*parser.Options){
	"promql-experimental-functions":   func(o *parser.Options) { o.EnableExperimentalFunctions = true },
	"promql-duration-expr":            func(o *parser.Options) { o.ExperimentalDurationExpr = true },
	"promql-extended-range-selectors": func(o *parser.Options) { o.EnableExtendedRangeSelectors = true },
	"promql-binop-fill-modifiers":     func(o *parser.Options) { o.EnableBinopFillModifiers = true },
}

// held is an informer that never ran: its store is filled by hand.
type held struct{ informer cache.SharedIndexInformer }

func (h held) Informer() cache.SharedIndexInformer { return h.informer }
func (h held) Lister() cache.GenericLister         { return nil }

type heldFactory struct{ held }

func (f heldFactory) Namespaces() sets.Set[string] { return sets.New(metav1.NamespaceAll) }
func (f heldFactory) ForResource(string, k8sschema.GroupVersionResource) (informers.InformLister, error) {
	return f.held, nil
}

// ruleQuestion is what the choice of rules depends on.
type ruleQuestion struct {
	format   operator.RuleConfigurationFormat
	version  string
	selector *metav1.LabelSelector
	labeler  *namespacelabeler.Labeler
	options  parser.Options
}

// promRules asks for the rules of a Prometheus object.
func promRules(p *monitoringv1.Prometheus) ruleQuestion {
	excluded := append([]monitoringv1.ObjectReference{}, p.Spec.ExcludedFromEnforcement...)
	for _, rule := range p.Spec.PrometheusRulesExcludedFromEnforce {
		excluded = append(excluded, monitoringv1.ObjectReference{
			Namespace: rule.RuleNamespace,
			Group:     monitoring.GroupName,
			Resource:  monitoringv1.PrometheusRuleName,
			Name:      rule.RuleName,
		})
	}
	question := ruleQuestion{
		format:   operator.PrometheusFormat,
		version:  operator.StringValOrDefault(p.Spec.Version, operator.DefaultPrometheusVersion),
		selector: p.Spec.RuleSelector,
		labeler:  namespacelabeler.New(p.Spec.EnforcedNamespaceLabel, excluded, true),
	}
	for _, feature := range p.Spec.EnableFeatures {
		if set := parserFeatures[string(feature)]; set != nil {
			set(&question.options)
		}
	}
	return question
}

// selectRules gives the rule files by name, and adds the verdict on each PrometheusRule.
func (c *cluster) selectRules(q ruleQuestion, namespaces []string, a *answer) (map[string]string, error) {
	informer := cache.NewSharedIndexInformer(&cache.ListWatch{}, &monitoringv1.PrometheusRule{}, 0,
		cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	for _, o := range c.in.objects["PrometheusRule"] {
		if err := informer.GetIndexer().Add(o); err != nil {
			return nil, err
		}
	}
	resource, err := informers.NewInformersForResource(heldFactory{held{informer}},
		monitoringv1.SchemeGroupVersion.WithResource(monitoringv1.PrometheusRuleName))
	if err != nil {
		return nil, err
	}
	selector, err := operator.NewPrometheusRuleSelector(q.format, q.version, q.selector, q.labeler,
		resource, c.events, slog.New(slog.DiscardHandler), q.options)
	if err != nil {
		return nil, fmt.Errorf("initializing PrometheusRules failed: %w", err)
	}
	selection, err := selector.Select(namespaces)
	if err != nil {
		return nil, fmt.Errorf("selecting PrometheusRules failed: %w", err)
	}
	c.judgeRules(q, namespaces, selection, a)
	return selection.RuleFiles(), nil
}

func (c *cluster) judgeRules(q ruleQuestion, namespaces []string, s operator.PrometheusRuleSelection, a *answer) {
	valid := s.Selected().ValidResources()
	labelSelector, _ := metav1.LabelSelectorAsSelector(q.selector)
	for _, o := range c.in.objects["PrometheusRule"] {
		v := &verdict{Kind: "PrometheusRule", Namespace: o.GetNamespace(), Name: o.GetName()}
		found, chosen := s.Selected()[key(o)]
		switch {
		case valid[key(o)] != nil:
			v.Verdict = "selected"
		case chosen:
			v.Verdict, v.Reason = "rejected", ruleReason(q, found.Resource())
		case has(namespaces, o.GetNamespace()) && labelSelector.Matches(labels.Set(o.GetLabels())):
			v.Verdict, v.Reason = "dropped", "the namespace label could not be enforced"
		default:
			v.Verdict = "unselected"
		}
		a.Objects = append(a.Objects, v)
	}
}

// ruleReason asks again: the selector itself says only "invalid rule".
func ruleReason(q ruleQuestion, rule *monitoringv1.PrometheusRule) string {
	scheme := model.LegacyValidation
	if version, err := semver.ParseTolerant(q.version); err == nil {
		scheme = operator.ValidationSchemeForPrometheus(version)
		if q.format == operator.ThanosFormat {
			scheme = operator.ValidationSchemeForThanos(version)
		}
	}
	return "invalid rule: " + errors.Join(operator.ValidateRule(rule.Spec, scheme, q.options)...).Error()
}

// publishRules puts the rule files into ConfigMaps and gives their names, the virtual ones too.
func (c *cluster) publishRules(p *monitoringv1.Prometheus, files map[string]string, a *answer) ([]string, error) {
	client := c.client.CoreV1().ConfigMaps(p.Namespace)
	set := labels.Set{prompkg.LabelPrometheusName: p.Name}
	syncer := operator.NewPrometheusRuleSyncer(slog.New(slog.DiscardHandler), "prometheus-"+p.Name, client, set, nil)
	names, err := syncer.Sync(context.Background(), files)
	if err != nil {
		return nil, fmt.Errorf("synchronizing PrometheusRules failed: %w", err)
	}
	a.RuleConfigMaps = map[string][]string{}
	for _, name := range names {
		made, err := client.Get(context.Background(), name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		a.RuleConfigMaps[name] = sortedKeys(made.Data)
	}
	return syncer.AppendConfigMapNames(names, 3), nil
}
