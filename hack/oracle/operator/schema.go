package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	crd "github.com/prometheus-operator/prometheus-operator/example"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"
)

// kindSchema is what an API server knows about one version of a CRD.
type kindSchema struct {
	props      *apiextensionsv1.JSONSchemaProps
	structural *schema.Structural
	validator  validation.SchemaValidator
	cel        *cel.Validator
}

// schemas maps "apiVersion/Kind" to its schema.
type schemas map[string]*kindSchema

// loadSchemas reads the CRDs that the operator's module carries.
func loadSchemas() (schemas, error) {
	var text bytes.Buffer
	if err := crd.PrintAll(&text); err != nil {
		return nil, err
	}
	out := schemas{}
	reader := utilyaml.NewYAMLReader(bufio.NewReader(&text))
	for {
		doc, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(doc)) == 0 {
			continue
		}
		if err := out.add(doc); err != nil {
			return nil, err
		}
	}
}

func (s schemas) add(doc []byte) error {
	var definition apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(doc, &definition); err != nil {
		return fmt.Errorf("CRD: %w", err)
	}
	for _, version := range definition.Spec.Versions {
		var props apiextensions.JSONSchemaProps
		err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(
			version.Schema.OpenAPIV3Schema, &props, nil)
		if err != nil {
			return err
		}
		structural, err := schema.NewStructural(&props)
		if err != nil {
			return err
		}
		validator, _, err := validation.NewSchemaValidator(&props)
		if err != nil {
			return err
		}
		key := definition.Spec.Group + "/" + version.Name + "/" + definition.Spec.Names.Kind
		s[key] = &kindSchema{
			props:      version.Schema.OpenAPIV3Schema,
			structural: structural,
			validator:  validator,
			cel:        cel.NewValidator(structural, true, celconfig.PerCallLimit),
		}
	}
	return nil
}

// admit does with a new object what an API server does under strict field validation: fields without
// meaning are refused, defaults set, then types, enums, patterns, list types and CEL rules checked.
// The object is changed in place.
func (s schemas) admit(object map[string]any) []string {
	u := &unstructured.Unstructured{Object: object}
	kind := s[u.GetAPIVersion()+"/"+u.GetKind()]
	if kind == nil {
		return nil
	}
	var messages []string
	unknown := pruning.PruneWithOptions(object, kind.structural, true,
		schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	for _, path := range unknown {
		messages = append(messages, fmt.Sprintf("unknown field %q", path))
	}
	defaulting.PruneNonNullableNullsWithoutDefaults(object, kind.structural)
	defaulting.Default(object, kind.structural)
	if err := objectmeta.Coerce(nil, object, kind.structural, true, false); err != nil {
		return append(messages, err.Error())
	}
	errs := apivalidation.ValidateObjectMetaAccessor(u, true, apivalidation.NameIsDNSSubdomain,
		field.NewPath("metadata"))
	errs = append(errs, validation.ValidateCustomResource(nil, object, kind.validator)...)
	errs = append(errs, objectmeta.Validate(nil, object, kind.structural, true)...)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, kind.structural, object)...)
	if kind.cel != nil && !blocks(errs) {
		found, _ := kind.cel.Validate(context.Background(), nil, kind.structural, object, nil,
			celconfig.RuntimeCELCostBudget)
		errs = append(errs, found...)
	}
	for _, err := range errs {
		messages = append(messages, err.Error())
	}
	return messages
}

// blocks tells whether CEL would look at an object whose types or sizes are already wrong.
func blocks(errs field.ErrorList) bool {
	for _, err := range errs {
		switch err.Type {
		case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong,
			field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid:
			return true
		}
	}
	return false
}
