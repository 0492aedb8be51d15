// xds-probe stands in the place of proxies: it asks istiod for their listeners, as Envoy in each pod
// would, and tells what tracing and metrics these ask for.
//
// Standard input: a JSON object a line.  {"id": ID, "pod": POD} adds a proxy: POD is a Pod as the API
// server gives it, with an injected istio-proxy.  {"id": ID} ends it.
// Standard output: a JSON object a line, for each proxy's first answer and each one that differs.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"reflect"
	"sync"
	"time"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	istiolog "istio.io/istio/pkg/log"
	corev1 "k8s.io/api/core/v1"
)

const (
	listenerType = "type.googleapis.com/envoy.config.listener.v3.Listener"
	againAfter   = 50 * time.Millisecond // a stream that broke
	lineMax      = 4 << 20
	answerMax    = 64 << 20
)

// source is the sum of this program's text, set by the linker: see the file pin.
var source string

type request struct {
	ID  string      `json:"id"`
	Pod *corev1.Pod `json:"pod"`
}

// answer is one line of output.
type answer struct {
	ID      string  `json:"id"`
	Version string  `json:"version"` // istiod's, of this push
	Seconds float64 `json:"seconds"` // since 1970, when the push was read
	*effective
}

// probe is what all followed proxies share.
type probe struct {
	client  discovery.AggregatedDiscoveryServiceClient
	release string // which Istio the proxies say they are
	once    bool
	out     *json.Encoder
	lock    sync.Mutex // of out
	wait    sync.WaitGroup
}

func (p *probe) tell(a answer) {
	p.lock.Lock()
	defer p.lock.Unlock()
	if err := p.out.Encode(a); err != nil {
		log.Fatal(err)
	}
}

// follow keeps a stream open for one proxy until the context ends.
func (p *probe) follow(ctx context.Context, id string, node *core.Node) {
	defer p.wait.Done()
	var last *effective
	for ctx.Err() == nil {
		err := p.listen(ctx, node, func(version string, now *effective) bool {
			if last == nil || !reflect.DeepEqual(now, last) {
				last = now
				p.tell(answer{id, version, float64(time.Now().UnixMicro()) / 1e6, now})
			}
			return !p.once
		})
		if err == nil {
			return
		}
		if ctx.Err() == nil {
			log.Printf("%s: %v", id, err)
			time.Sleep(againAfter)
		}
	}
}

// listen gives each answer of one stream to `see`, which says whether to go on.
func (p *probe) listen(ctx context.Context, node *core.Node, see func(string, *effective) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := p.client.StreamAggregatedResources(ctx, grpc.WaitForReady(true))
	if err != nil {
		return err
	}
	ask := &discovery.DiscoveryRequest{TypeUrl: listenerType, Node: node}
	for {
		if err := stream.Send(ask); err != nil {
			return err
		}
		got, err := stream.Recv()
		if err != nil {
			return err
		}
		now, err := decode(got.Resources)
		if err != nil {
			return err
		}
		if !see(got.VersionInfo, now) {
			return nil
		}
		// This says that the answer was taken, as Envoy says it.
		ask = &discovery.DiscoveryRequest{TypeUrl: listenerType, VersionInfo: got.VersionInfo,
			ResponseNonce: got.Nonce}
	}
}

// serve reads requests until the input ends.
func (p *probe) serve(input *bufio.Scanner) error {
	ends := map[string]context.CancelFunc{}
	for input.Scan() {
		var r request
		if err := json.Unmarshal(input.Bytes(), &r); err != nil {
			return fmt.Errorf("standard input: %w", err)
		}
		if end, there := ends[r.ID]; there {
			end()
			delete(ends, r.ID)
		}
		if r.Pod == nil {
			continue
		}
		node, err := nodeOf(r.Pod, p.release)
		if err != nil {
			return fmt.Errorf("%s: %w", r.ID, err)
		}
		ctx, end := context.WithCancel(context.Background())
		ends[r.ID] = end
		p.wait.Add(1)
		go p.follow(ctx, r.ID, node)
	}
	if p.once {
		p.wait.Wait()
	}
	return input.Err()
}

func main() {
	istiod := flag.String("istiod", "127.0.0.1:15010", "address of istiod's plaintext xDS port")
	release := flag.String("release", "1.31.0", "which Istio release the proxies say they are")
	once := flag.Bool("once", false, "end after the first answer for each proxy, not with the input")
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), "xds-probe %s: pods in, what istiod sends to their proxies out\n", source)
		flag.PrintDefaults()
	}
	flag.Parse()
	log.SetFlags(log.Lmicroseconds)
	// Istio's packages would write their log among our lines.
	options := istiolog.DefaultOptions()
	options.OutputPaths = []string{"stderr"}
	if err := istiolog.Configure(options); err != nil {
		log.Fatal(err)
	}

	// A restarted istiod is to be seen soon: grpc's own patience is a second and more.
	soon := backoff.Config{BaseDelay: againAfter, Multiplier: 1, MaxDelay: againAfter}
	conn, err := grpc.NewClient(*istiod,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(answerMax)),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: soon, MinConnectTimeout: time.Second}))
	if err != nil {
		log.Fatal(err)
	}
	p := &probe{
		client:  discovery.NewAggregatedDiscoveryServiceClient(conn),
		release: *release,
		once:    *once,
		out:     json.NewEncoder(os.Stdout),
	}
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, lineMax)
	if err := p.serve(input); err != nil {
		log.Fatal(err)
	}
}
