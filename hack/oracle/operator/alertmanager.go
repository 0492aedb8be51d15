package main

import (
	"context"
	"fmt"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus-operator/prometheus-operator/pkg/prometheus/validation"
)

// alertmanager checks one Alertmanager of a Prometheus and loads its credentials.  The operator's own
// check is not exported: this is the same question, asked again.
func (c *cluster) alertmanager(p *monitoringv1.Prometheus, am monitoringv1.AlertmanagerEndpoints) error {
	var used []string
	for name, set := range map[string]bool{
		"bearerTokenFile": am.BearerTokenFile != "",
		"basicAuth":       am.BasicAuth != nil,
		"authorization":   am.Authorization != nil,
		"sigv4":           am.Sigv4 != nil,
	} {
		if set {
			used = append(used, name)
		}
	}
	if len(used) > 1 {
		return fmt.Errorf("more than one kind of authentication: %s", strings.Join(used, ", "))
	}
	rules, err := validation.NewLabelConfigValidator(p)
	if err != nil {
		return err
	}
	if err := rules.Validate(am.RelabelConfigs); err != nil {
		return fmt.Errorf("invalid relabelings: %w", err)
	}
	if err := rules.Validate(am.AlertRelabelConfigs); err != nil {
		return fmt.Errorf("invalid alertRelabelings: %w", err)
	}
	ctx := context.Background()
	if err := c.store.AddBasicAuth(ctx, p.Namespace, am.BasicAuth); err != nil {
		return err
	}
	if err := c.store.AddSafeAuthorizationCredentials(ctx, p.Namespace, am.Authorization); err != nil {
		return err
	}
	if err := c.store.AddSigV4(ctx, p.Namespace, am.Sigv4); err != nil {
		return err
	}
	if err := c.store.AddTLSConfig(ctx, p.Namespace, am.TLSConfig); err != nil {
		return err
	}
	return c.store.AddProxyConfig(ctx, p.Namespace, am.ProxyConfig)
}
