// The oracle of bnc_promql_enforce(): prom-label-proxy's enforcer, at the versions that
// prometheus-operator is built with.  They lag behind ../main.go, hence a module of its own.
//
// Reads one JSON object a line on stdin, {"expr": "...", "label": "namespace", "value":
// "shop"}, and answers with one a line: {"ok": true, "text": "...", "enforced": "..."},
// text being the expression as it was, or {"ok": false, "error": "..."}.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"github.com/prometheus-community/prom-label-proxy/injectproxy"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

type question struct {
	Expr  string `json:"expr"`
	Label string `json:"label"`
	Value string `json:"value"`
}

type answer struct {
	OK       bool   `json:"ok"`
	Error    string `json:"error,omitempty"`
	Text     string `json:"text,omitempty"`
	Enforced string `json:"enforced,omitempty"`
}

func ask(q question) answer {
	options := parser.Options{
		EnableExperimentalFunctions:  true,
		ExperimentalDurationExpr:     true,
		EnableExtendedRangeSelectors: true,
		EnableBinopFillModifiers:     true,
	}
	expr, err := parser.NewParser(options).ParseExpr(q.Expr)
	if err != nil {
		return answer{Error: err.Error()}
	}
	m, err := labels.NewMatcher(labels.MatchEqual, q.Label, q.Value)
	if err != nil {
		return answer{Error: err.Error()}
	}
	enforced, err := injectproxy.NewPromQLEnforcerWithOptions(false, options, m).Enforce(q.Expr)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{OK: true, Text: expr.String(), Enforced: enforced}
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<24)
	out := bufio.NewWriterSize(os.Stdout, 1<<16)
	defer out.Flush()
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for in.Scan() {
		var q question
		err := json.Unmarshal(in.Bytes(), &q)
		if err == nil {
			err = enc.Encode(ask(q))
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "oracle:", err)
			os.Exit(1)
		}
	}
}
