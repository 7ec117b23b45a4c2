package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// condition is the part of Azure's language of conditions that role assignments for blobs use: actions, suboperations, and
// comparisons of text, joined by AND, OR and NOT.
type condition struct {
	kind     string // "and", "or", "not", "action", "suboperation", "exists", "compare"
	inner    []*condition
	operator string
	// attribute is "@Resource[…containers/blobs:path]" in lower case.
	attribute string
	values    []string
}

// SubOperation is the attribute under which a call tells its suboperation: "Blob.List".
const subOperation = "suboperation"

var conditionToken = regexp.MustCompile(`(?i)^(\(|\)|!|&&|\|\||AND\b|OR\b|NOT\b|ActionMatches\{|SubOperationMatches\{|Exists\b|@(?:Resource|Request)\[[^\]]+\]|(?:ForAnyOfAnyValues:|ForAllOfAnyValues:)?String(?:Not)?(?:Equals|StartsWith|Like)(?:IgnoreCase)?|'[^']*'|\{|\}|,)`)

type conditionReader struct{ tokens []string }

// parseCondition reads a condition, or says where it is none.
func parseCondition(text string) (*condition, error) {
	reader := &conditionReader{}
	for rest := strings.TrimSpace(text); rest != ""; rest = strings.TrimSpace(rest) {
		token := conditionToken.FindString(rest)
		if token == "" {
			return nil, fmt.Errorf("not understood from: %s", rest)
		}
		reader.tokens = append(reader.tokens, token)
		rest = rest[len(token):]
	}
	parsed, err := reader.either()
	if err == nil && len(reader.tokens) > 0 {
		err = fmt.Errorf("too much: %s", strings.Join(reader.tokens, " "))
	}
	return parsed, err
}

// next takes the next token when it is one of these.
func (r *conditionReader) next(wanted ...string) (string, bool) {
	if len(r.tokens) == 0 {
		return "", false
	}
	token := strings.ToLower(r.tokens[0])
	if !slices.Contains(wanted, token) {
		return "", false
	}
	r.tokens = r.tokens[1:]
	return token, true
}

func (r *conditionReader) either() (*condition, error) { return r.joined("or", r.both, "or", "||") }

func (r *conditionReader) both() (*condition, error) { return r.joined("and", r.one, "and", "&&") }

func (r *conditionReader) joined(kind string, part func() (*condition, error), by ...string) (*condition, error) {
	first, err := part()
	if err != nil {
		return nil, err
	}
	all := []*condition{first}
	for {
		if _, ok := r.next(by...); !ok {
			break
		}
		another, err := part()
		if err != nil {
			return nil, err
		}
		all = append(all, another)
	}
	if len(all) == 1 {
		return first, nil
	}
	return &condition{kind: kind, inner: all}, nil
}

func (r *conditionReader) one() (*condition, error) {
	if _, ok := r.next("!", "not"); ok {
		inner, err := r.one()
		return &condition{kind: "not", inner: []*condition{inner}}, err
	}
	if _, ok := r.next("("); ok {
		inner, err := r.either()
		if err != nil {
			return nil, err
		}
		if _, ok := r.next(")"); !ok {
			return nil, fmt.Errorf("a bracket is not closed")
		}
		return inner, nil
	}
	if kind, ok := r.next("actionmatches{", "suboperationmatches{"); ok {
		values, err := r.list()
		return &condition{kind: strings.TrimSuffix(kind, "matches{"), values: values}, err
	}
	if _, ok := r.next("exists"); ok {
		attribute, err := r.attribute()
		return &condition{kind: "exists", attribute: attribute}, err
	}
	return r.comparison()
}

func (r *conditionReader) attribute() (string, error) {
	if len(r.tokens) == 0 || !strings.HasPrefix(r.tokens[0], "@") {
		return "", fmt.Errorf("an attribute is missing before: %s", strings.Join(r.tokens, " "))
	}
	attribute := strings.ToLower(r.tokens[0])
	r.tokens = r.tokens[1:]
	return attribute, nil
}

func (r *conditionReader) comparison() (*condition, error) {
	attribute, err := r.attribute()
	if err != nil {
		return nil, err
	}
	if len(r.tokens) < 2 || !strings.Contains(strings.ToLower(r.tokens[0]), "string") {
		return nil, fmt.Errorf("a comparison is missing after %s", attribute)
	}
	made := &condition{kind: "compare", attribute: attribute, operator: strings.ToLower(r.tokens[0])}
	r.tokens = r.tokens[1:]
	if _, ok := r.next("{"); ok {
		made.values, err = r.list()
		return made, err
	}
	if !strings.HasPrefix(r.tokens[0], "'") {
		return nil, fmt.Errorf("a text is missing after %s", made.operator)
	}
	made.values = []string{strings.Trim(r.tokens[0], "'")}
	r.tokens = r.tokens[1:]
	return made, nil
}

// list reads texts up to the closing brace.
func (r *conditionReader) list() ([]string, error) {
	var values []string
	for len(r.tokens) > 0 {
		token := r.tokens[0]
		r.tokens = r.tokens[1:]
		switch {
		case token == "}":
			return values, nil
		case strings.HasPrefix(token, "'"):
			values = append(values, strings.Trim(token, "'"))
		}
	}
	return nil, fmt.Errorf("a brace is not closed")
}

// holds evaluates the condition for one call. A comparison with an attribute that the call has not is false.
func (c *condition) holds(action string, attributes map[string]string) bool {
	each := func(inner *condition) bool { return inner.holds(action, attributes) }
	switch c.kind {
	case "and":
		return !slices.ContainsFunc(c.inner, func(inner *condition) bool { return !each(inner) })
	case "or":
		return slices.ContainsFunc(c.inner, each)
	case "not":
		return !each(c.inner[0])
	case "action":
		return matches(c.values, action)
	case "suboperation":
		return matches(c.values, attributes[subOperation])
	case "exists":
		_, ok := attributes[c.attribute]
		return ok
	}
	value, ok := attributes[c.attribute]
	return ok && slices.ContainsFunc(c.values, func(wanted string) bool { return compare(c.operator, value, wanted) }) != strings.Contains(c.operator, "not")
}

func compare(operator, value, wanted string) bool {
	if strings.HasSuffix(operator, "ignorecase") {
		value, wanted = strings.ToLower(value), strings.ToLower(wanted)
	}
	switch {
	case strings.Contains(operator, "startswith"):
		return strings.HasPrefix(value, wanted)
	case strings.Contains(operator, "like"):
		pattern := strings.ReplaceAll(strings.ReplaceAll(regexp.QuoteMeta(wanted), `\*`, ".*"), `\?`, ".")
		return regexp.MustCompile("^" + pattern + "$").MatchString(value)
	default:
		return value == wanted
	}
}
