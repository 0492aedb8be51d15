// The oracle of promql/: what Prometheus' own parser says.
//
// Reads one JSON value a line on stdin: an expression as a string, or an object
//
//	{"expr": "...", "selector": false, "experimental_functions": true,
//	 "fill_modifiers": true, "unquoted_names": false}
//
// with "base64" in place of "expr" for bytes that JSON cannot carry,
//
// and answers with one JSON object a line: {"ok": true, "type": "vector", "text": "..."}
// or {"ok": false, "error": "...", "start": 3, "end": 7}.  A plain string
// is read with every feature but unquoted names.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/prometheus/prometheus/promql/parser"
)

type question struct {
	Base64                []byte `json:"base64"`
	Expr                  string `json:"expr"`
	Selector              bool   `json:"selector"`
	ExperimentalFunctions bool   `json:"experimental_functions"`
	FillModifiers         bool   `json:"fill_modifiers"`
	UnquotedNames         bool   `json:"unquoted_names"`
}

type answer struct {
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
	Start int    `json:"start,omitempty"`
	End   int    `json:"end,omitempty"`
	Type  string `json:"type,omitempty"`
	Text  string `json:"text,omitempty"`
}

func read(line []byte) (question, error) {
	q := question{ExperimentalFunctions: true, FillModifiers: true}
	if len(line) > 0 && line[0] == '"' {
		return q, json.Unmarshal(line, &q.Expr)
	}
	q = question{}
	err := json.Unmarshal(line, &q)
	if q.Base64 != nil {
		q.Expr = string(q.Base64)
	}
	return q, err
}

func refusal(err error) answer {
	a := answer{Error: err.Error()}
	var all parser.ParseErrors
	if errors.As(err, &all) && len(all) > 0 {
		a.Start = int(all[0].PositionRange.Start)
		a.End = int(all[0].PositionRange.End)
	}
	return a
}

func ask(q question) answer {
	p := parser.NewParser(parser.Options{
		EnableExperimentalFunctions: q.ExperimentalFunctions,
		EnableBinopFillModifiers:    q.FillModifiers,
		EnableUnquotedUTF8Names:     q.UnquotedNames,
	})
	if q.Selector {
		if _, err := p.ParseMetricSelector(q.Expr); err != nil {
			return refusal(err)
		}
		return answer{OK: true}
	}
	expr, err := p.ParseExpr(q.Expr)
	if err != nil {
		return refusal(err)
	}
	return answer{OK: true, Type: string(expr.Type()), Text: expr.String()}
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<24)
	out := bufio.NewWriterSize(os.Stdout, 1<<16)
	defer out.Flush()
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for in.Scan() {
		q, err := read(in.Bytes())
		if err == nil {
			err = enc.Encode(ask(q))
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "oracle:", err)
			os.Exit(1)
		}
	}
}
