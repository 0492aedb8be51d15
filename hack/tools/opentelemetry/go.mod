// The CRDs of OpenTelemetry's operator, read from the module's own files: nothing is built of it, so
// it has no pin and is no part of hack/tools/build.  To move to another version: change it here, then
// `go -C hack/tools/opentelemetry mod download github.com/open-telemetry/opentelemetry-operator`.
module binnacle/hack/tools/opentelemetry

go 1.26.0

require github.com/open-telemetry/opentelemetry-operator v0.140.0
