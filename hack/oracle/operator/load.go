package main

import (
	"errors"
	"log/slog"

	"github.com/prometheus/prometheus/config"
)

// loads tells whether Prometheus' own loader takes the configuration.
func loads(text string, agent bool) error {
	cfg, err := config.Load(text, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	if _, err := cfg.GetScrapeConfigs(); err != nil {
		return err
	}
	if !agent {
		return nil
	}
	alerting := cfg.AlertingConfig
	switch {
	case len(alerting.AlertmanagerConfigs) > 0 || len(alerting.AlertRelabelConfigs) > 0:
		return errors.New("alerting in agent mode")
	case len(cfg.RuleFiles) > 0:
		return errors.New("rule_files in agent mode")
	case len(cfg.RemoteReadConfigs) > 0:
		return errors.New("remote_read in agent mode")
	}
	return nil
}
