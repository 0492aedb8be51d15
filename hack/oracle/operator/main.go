// Command operator tells what prometheus-operator and Prometheus make of an input: the verdict on each
// object, the configuration, the rule files, and whether Prometheus would load them.  It runs their own
// packages, so what it says is what they do.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus-operator/prometheus-operator/pkg/namespacelabeler"
	"github.com/prometheus-operator/prometheus-operator/pkg/operator"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
)

// maxLine caps one request.
const maxLine = 64 << 20

// request is one line to the server.
type request struct {
	ID    any    `json:"id,omitempty"`
	Op    string `json:"op,omitempty"` // render (the default), load, schemas, or rules (without a Prometheus)
	Input string `json:"input,omitempty"`

	Options            map[string]bool `json:"options,omitempty"`
	NoSchema           bool            `json:"noSchema,omitempty"`
	Unvalidated        bool            `json:"unvalidated,omitempty"`        // generate from rejected objects too
	Preload            bool            `json:"preload,omitempty"`            // the generator sees every Secret
	RuleConfigMapNames *[]string       `json:"ruleConfigMapNames,omitempty"` // in place of those of the rules

	Format  string `json:"format,omitempty"`  // rules: prometheus or thanos
	Version string `json:"version,omitempty"` // rules: of that program
	Config  string `json:"config,omitempty"`  // load: the text
	Agent   bool   `json:"agent,omitempty"`   // load: as an agent
}

// loading tells what Prometheus' loader says.
type loading struct {
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
}

// answer is one line from the server.
type answer struct {
	ID             any                 `json:"id,omitempty"`
	Error          string              `json:"error,omitempty"` // the input cannot be read at all
	Objects        []*verdict          `json:"objects,omitempty"`
	Config         string              `json:"config,omitempty"`
	ConfigError    string              `json:"configError,omitempty"`
	Unmanaged      bool                `json:"unmanaged,omitempty"`
	RuleFiles      map[string]string   `json:"ruleFiles,omitempty"`
	RuleConfigMaps map[string][]string `json:"ruleConfigMaps,omitempty"`
	Load           *loading            `json:"load,omitempty"`

	Schemas map[string]*apiextensionsv1.JSONSchemaProps `json:"schemas,omitempty"` // by "apiVersion/Kind"
}

// oracle answers requests.
type oracle struct{ known schemas }

func (o *oracle) ask(req *request) (a *answer) {
	a = &answer{ID: req.ID}
	defer func() {
		if what := recover(); what != nil {
			a.Error = fmt.Sprintf("panic: %v\n%s", what, debug.Stack())
		}
	}()
	if req.Op == "load" {
		a.Load = judge(req.Config, req.Agent)
		return a
	}
	if req.Op == "schemas" {
		a.Schemas = map[string]*apiextensionsv1.JSONSchemaProps{}
		for name, kind := range o.known {
			a.Schemas[name] = kind.props
		}
		return a
	}
	known := o.known
	if req.NoSchema {
		known = nil
	}
	in, err := readInput(req.Input, known)
	if err != nil {
		a.Error = err.Error()
		return a
	}
	a.Objects = in.verdicts
	c, err := newCluster(in, req)
	if err != nil {
		a.Error = err.Error()
		return a
	}
	if req.Op == "rules" {
		c.rulesOnly(a)
		return a
	}
	c.generate(a)
	return a
}

func (c *cluster) generate(a *answer) {
	switch {
	case c.in.main != nil:
		a.ConfigError = "schema: " + c.in.main.Reason
	case c.in.prometheus == nil:
		a.Error = "no Prometheus or PrometheusAgent in the input"
	default:
		if err := c.render(a); err != nil {
			a.Config, a.ConfigError = "", err.Error()
		} else if !a.Unmanaged {
			_, server := c.in.prometheus.(*monitoringv1.Prometheus)
			a.Load = judge(a.Config, !server)
		}
	}
}

// rulesOnly renders every PrometheusRule, for a program that is not in the input.
func (c *cluster) rulesOnly(a *answer) {
	q := ruleQuestion{version: c.req.Version, selector: &metav1.LabelSelector{},
		labeler: namespacelabeler.New("", nil, true)}
	if c.req.Format == "thanos" {
		q.format = operator.ThanosFormat
	}
	var namespaces []string
	for _, ns := range c.in.everyNamespace() {
		namespaces = append(namespaces, ns.Name)
	}
	files, err := c.selectRules(q, namespaces, a)
	if err != nil {
		a.Error = err.Error()
	}
	a.RuleFiles = files
}

func judge(text string, agent bool) *loading {
	if err := loads(text, agent); err != nil {
		return &loading{Error: err.Error()}
	}
	return &loading{OK: true}
}

// serve answers one JSON request a line until the input ends.
func (o *oracle) serve(in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 1<<20), maxLine)
	buffered := bufio.NewWriter(out)
	encoder := json.NewEncoder(buffered)
	encoder.SetEscapeHTML(false)
	for lines.Scan() {
		req, a := &request{}, (*answer)(nil)
		if err := json.Unmarshal(lines.Bytes(), req); err != nil {
			a = &answer{Error: "request: " + err.Error()}
		} else {
			a = o.ask(req)
		}
		if err := encoder.Encode(a); err != nil {
			return err
		}
		if err := buffered.Flush(); err != nil {
			return err
		}
	}
	return lines.Err()
}

func run() error {
	server := flag.Bool("server", false, "answer one JSON request a line on standard input")
	req := &request{Options: map[string]bool{}}
	flag.BoolVar(&req.NoSchema, "no-schema", false, "leave the CRDs' schemas and defaults out")
	flag.BoolVar(&req.Unvalidated, "unvalidated", false, "generate from rejected objects too")
	options := flag.String("options", "", "generator options that are on, separated by commas")
	file := flag.String("f", "-", "the input file")
	flag.Parse()

	known, err := loadSchemas()
	if err != nil {
		return err
	}
	o := &oracle{known: known}
	if *server {
		return o.serve(os.Stdin, os.Stdout)
	}
	text, err := readFile(*file)
	if err != nil {
		return err
	}
	req.Input = string(text)
	for _, name := range strings.FieldsFunc(*options, func(r rune) bool { return r == ',' }) {
		req.Options[name] = true
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(o.ask(req))
}

func readFile(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(name)
}

func main() {
	// Loading a configuration may ask a cloud where this machine is: it shall not, and is told.
	for name, value := range map[string]string{"AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "eu-west-1"} {
		if err := os.Setenv(name, value); err != nil {
			fmt.Fprintln(os.Stderr, "operator:", err)
			os.Exit(1)
		}
	}
	klog.SetOutput(io.Discard)
	klog.LogToStderr(false)
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "operator:", err)
		os.Exit(1)
	}
}
