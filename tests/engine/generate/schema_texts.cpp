// SPDX-License-Identifier: GPL-3.0-or-later
// A file of its own, because moc does not survive these raw strings.
#include "tests/engine/generate/schema_texts.h"

namespace sy::test {

const std::vector<SchemaTexts>& schemaTexts()
{
    static const std::vector<SchemaTexts> texts = {
        {"anything", "true", {"1", "null", "\"a\"", "[]", "{}", R"({"a": [1,{"b":null}]})", R"(["a", "b"])", "-0.5e-7"},
        {"", " 1", "1 ", "[1,  2]", "{\"a\":  1}", "[ 1]", "01", "-0", "1.", ".5", "nul", "{a:1}", "[1,]", "{,}", "\"\n\"", "[1", "1 2"}},
        {"properties in order",
        R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"},"c":{"type":"boolean"}},"required":["b"]})",
        {R"({"a": 1, "b": "x", "c": true})", R"({"b":""})", R"({"a":1,"b":""})", R"({"b":"","c":false})"},
        {"{}", R"({"a": 1})", R"({"b":"","a":1})", R"({"b":"","d":1})", R"({"b":"",})", R"({"a":1.5,"b":""})", R"({"b":1})", R"({"b":"" })"}},
        {"all optional", R"({"properties":{"a":{"type":"null"},"b":{"type":"null"}}})",
        {"{}", R"({"a":null})", R"({"b":null})", R"({"a":null,"b":null})"}, {R"({"b":null,"a":null})", R"({,"a":null})", R"({"a":null "b":null})", "[]"}},
        {"other properties", R"({"properties":{"ab":{"type":"integer"}},"additionalProperties":{"type":"boolean"}})",
        {"{}", R"({"ab":1})", R"({"ab":1,"x":true})", R"({"x":true,"y":false})", R"({"a":true})", R"({"abc":true})", R"({"中":true})"},
        {R"({"ab":true})", R"({"x":true,"ab":1})", R"({"x":1})", R"({"":true})", R"({"\u0061b":true})"}},
        {"names by pattern", R"({"propertyNames":{"pattern":"^[a-z]{2}$"},"additionalProperties":{"type":"integer"}})",
        {"{}", R"({"ab":1})", R"({"ab":1,"cd":2})"}, {R"({"a":1})", R"({"abc":1})"}},
        {"at least one", R"({"additionalProperties":{"type":"integer"},"minProperties":1,"maxProperties":2})",
        {R"({"a":1})", R"({"a":1,"b":2})"}, {"{}", R"({"a":1,"b":2,"c":3})"}},
        {"items", R"({"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":3})", {"[1]", "[1,2]", "[1, 2, 3]"},
        {"[]", "[1,2,3,4]", "[\"a\"]", "[1 ,2]"}},
        {"tuple", R"({"prefixItems":[{"type":"integer"},{"type":"string"}],"items":false,"minItems":1})", {"[1]", R"([1,"a"])"},
        {"[]", "[1,2]", R"([1,"a",1])", R"(["a"])"}},
        {"tuple and rest", R"({"prefixItems":[{"type":"integer"}],"items":{"type":"string"},"minItems":3})", {R"([1,"a","b"])", R"([1,"a","b","c"])"},
        {R"([1,"a"])", R"(["a","b","c"])"}},
        {"old tuple", R"({"items":[{"type":"integer"}],"additionalItems":{"type":"null"}})", {"[]", "[1]", "[1,null]"}, {"[null]", "[1,1]"}},
        {"lengths in characters", R"({"type":"string","minLength":2,"maxLength":3})", {"\"ab\"", "\"中文字\"", R"("\n\u00e9")", "\"😀😀\""},
        {"\"a\"", "\"abcd\"", "\"中\"", R"("\n")", R"("\ud83d\ude00ab")", "\"\xC3\""}},
        {"pattern", R"({"type":"string","pattern":"^a(b|cd)*[0-9]{2,3}$"})", {"\"a12\"", "\"abcdb123\""}, {"\"a1\"", "\"ac12\"", "\"xa12\"", "\"a1234\""}},
        {"pattern inside", R"({"type":"string","pattern":"ab"})", {"\"ab\"", "\"xabx\"", "\"aab\"", "\"\\nab\\\"\""}, {"\"\"", "\"a b\""}},
        {"alternatives with anchors", R"({"pattern":"^a$|b"})", {"\"a\"", "\"xbx\""}, {"\"aa\"", "\"c\""}},
        {"escaped characters", "{\"pattern\":\"^[\\\"\\\\\\\\/]\\\\n\\\\.$\"}", {"\"\\\"\\n.\"", R"("\\\n.")", R"("/\n.")"}, {R"("a\n.")", R"("/\nx")"}},
        {"pattern and length", R"({"pattern":"^(ab|abc|x+)$","minLength":3,"maxLength":4})", {"\"abc\"", "\"xxx\"", "\"xxxx\""}, {"\"ab\"", "\"xx\"", "\"xxxxx\""}},
        {"date", R"({"type":"string","format":"date"})", {"\"2024-02-29\"", "\"2000-02-29\"", "\"1999-12-31\""},
        {"\"2023-02-29\"", "\"1900-02-29\"", "\"2024-04-31\"", "\"2024-13-01\"", "\"24-01-01\""}},
        {"date-time", R"({"format":"date-time"})", {"\"2024-01-01T10:00:00Z\"", "\"2024-01-01T10:00:00.5+01:00\""}, {"\"2024-01-01\"", "\"2024-01-01T25:00:00Z\""}},
        {"format without a text of its own", R"({"type":"string","format":"color"})", {"\"red\""}, {"1"}},
        {"whole numbers", R"({"type":"integer","minimum":-5,"maximum":120})", {"-5", "-1", "0", "7", "99", "100", "120"},
        {"-6", "121", "1000", "-0", "1.0", "007", "130", "-10"}},
        {"above", R"({"type":"integer","exclusiveMinimum":99})", {"100", "250", "999999999999999999"}, {"99", "1", "0", "-100", "1000000000000000000"}},
        {"below", R"({"type":"integer","maximum":-10})", {"-10", "-11", "-99", "-100"}, {"-9", "0", "10"}},
        {"share", R"({"type":"number","minimum":0,"maximum":1})", {"0", "1", "0.5", "0.0", "1.0", "0.999"}, {"1.1", "-0.1", "2", "1.01", "1e0"}},
        {"open share", R"({"type":"number","exclusiveMinimum":0.25,"exclusiveMaximum":0.5})", {"0.3", "0.251", "0.4999"}, {"0.25", "0.250", "0.5", "0", "1", "0.2"}},
        {"tens", R"({"type":"integer","multipleOf":25,"minimum":0,"maximum":200})", {"0", "25", "100", "200"}, {"1", "10", "225", "24"}},
        {"cents", R"({"type":"number","multipleOf":0.01})", {"1", "1.5", "1.25", "-3.99"}, {"1.255", "1e2"}},
        {"enum", R"({"enum":["red","green",1,null,{"a":[1,2]}]})", {"\"red\"", "\"green\"", "1", "null", R"({"a": [1, 2]})", R"({"a":[1,2]})"},
        {"\"blue\"", "2", "true", "\"re\""}},
        {"enum of a type", R"({"type":"string","enum":["a",1]})", {"\"a\""}, {"1"}},
        {"const", R"({"const":"x"})", {"\"x\""}, {"\"y\""}},
        {"list of types", R"({"type":["integer","null"],"minimum":3})", {"3", "null"}, {"2", "true"}},
        {"nullable", R"({"type":"integer","nullable":true})", {"3", "null"}, {"\"a\""}},
        {"without a type", R"({"minLength":2})", {"\"ab\""}, {"\"a\"", "1"}},
        {"anyOf", R"({"anyOf":[{"type":"integer"},{"type":"string","maxLength":1}]})", {"1", "\"a\""}, {"\"ab\"", "true"}},
        {"anyOf beside keywords", R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}},"anyOf":[{"required":["a"]},{"required":["b"]}]})",
        {R"({"a":1})", R"({"b":1})", R"({"a":1,"b":2})"}, {"{}"}},
        {"oneOf by a constant",
        R"({"oneOf":[{"properties":{"kind":{"const":"a"},"n":{"type":"integer"}},"required":["kind","n"],"type":"object"},
                     {"properties":{"kind":{"const":"b"},"s":{"type":"string"}},"required":["kind","s"],"type":"object"}]})",
        {R"({"kind":"a","n":1})", R"({"kind": "b", "s": ""})"}, {R"({"kind":"a","s":""})", R"({"kind":"c"})"}},
        {"allOf", R"({"allOf":[{"type":"integer","minimum":3},{"maximum":5},{"$ref":"#/$defs/even"}],"$defs":{"even":{"multipleOf":2}}})", {"4"}, {"3", "5", "6", "2"}},
        {"allOf of objects", R"({"allOf":[{"properties":{"a":{"type":"integer"}},"required":["a"]},{"properties":{"a":{"minimum":5},"b":{"type":"null"}}}]})",
        {R"({"a":5})", R"({"a":9,"b":null})"}, {R"({"a":4})", "{}"}},
        {"reference with more", R"({"$ref":"#/$defs/n","maximum":5,"$defs":{"n":{"type":"integer","minimum":3}}})", {"3", "5"}, {"2", "6"}},
        {"tree", R"({"$defs":{"t":{"type":"object","properties":{"v":{"type":"integer"},"kids":{"type":"array","items":{"$ref":"#/$defs/t"}}},"required":["v"]}},"$ref":"#/$defs/t"})",
        {R"({"v":1})", R"({"v":1,"kids":[{"v":2,"kids":[]},{"v":3}]})"}, {R"({"kids":[]})", R"({"v":1,"kids":[1]})"}},
        {"list", R"({"anyOf":[{"type":"null"},{"type":"object","properties":{"next":{"$ref":"#"}},"required":["next"]}]})",
        {"null", R"({"next":{"next":null}})"}, {"{}", R"({"next":1})"}},
        {"an impossible optional property", R"({"properties":{"a":false,"b":{"type":"null"}}})", {"{}", R"({"b":null})"}, {R"({"a":1})"}},
        {"names that need escapes", R"({"properties":{"a\"b\\":{"const":1},"x/y~":{"$ref":"#/properties/a%22b%5C"}},"required":["a\"b\\","x/y~"]})",
        {"{\"a\\\"b\\\\\":1,\"x/y~\":1}"}, {"{\"a\\\"b\\\\\":1}"}},    };
    return texts;
}

const std::vector<RefusedSchema>& unsupportedSchemas()
{
    static const std::vector<RefusedSchema> schemas = {
        {"not", R"({"properties":{"x":{"not":{}}}})", {"\"not\"", "#/properties/x"}},
        {"in a definition", R"({"$ref":"#/$defs/a","$defs":{"a":{"items":{"if":{}}}}})", {"\"if\"", "#/$defs/a/items"}},
        {"misspelt", R"({"type":"object","propertis":{}})", {"propertis", "#"}},
        {"uniqueItems", R"({"anyOf":[{"type":"array","uniqueItems":true}]})", {"uniqueItems", "#/anyOf/0"}},
        {"look-ahead", "{\"pattern\":\"a(?=b)\"}", {"(?=", "#/pattern"}},
        {"back reference", R"({"pattern":"(a)\\1"})", {"\\1"}},
        {"an anchor inside", R"({"pattern":"(a|^b)c"})", {"^", "#/pattern"}},
        {"branches that overlap", R"({"oneOf":[{"type":"integer"},{"type":"number"}]})", {"oneOf", "#/oneOf", "anyOf"}},
        {"another document", R"({"$ref":"other.json"})", {"other.json"}},
        {"two patterns", R"({"allOf":[{"pattern":"a"},{"pattern":"b"}]})", {"pattern"}},
        {"a circle without a byte", R"({"anyOf":[{"$ref":"#"},{"type":"null"}]})", {"$ref"}},
        {"a circle of references", R"({"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}})", {"#/$defs/"}},
        {"a circle of allOf", R"({"allOf":[{"$ref":"#"}]})", {"lead back"}},
        {"a circle of oneOf", R"({"oneOf":[{"$ref":"#"},{"type":"null"}]})", {"lead back"}},
        {"a very large one", R"({"type":"string","pattern":"(a{1000}){1000}"})", {"too large"}},
        {"multiples", R"({"type":"number","multipleOf":0.3})", {"multipleOf", "0.3"}},
    };
    return schemas;
}

const std::vector<RefusedSchema>& badSchemas()
{
    static const std::vector<RefusedSchema> schemas = {
        {"no JSON", "{", {"not JSON"}},
        {"a number", "3", {"schema"}},
        {"a type that is none", R"({"type":"text"})", {"type"}},
        {"a property that is no schema", R"({"properties":{"a":1}})", {"#/properties/a"}},
        {"a length below zero", R"({"maxLength":-1})", {"maxLength"}},
        {"an empty choice", R"({"anyOf":[]})", {"anyOf"}},
        {"a choice that is no list", R"({"anyOf":3})", {"anyOf"}},
        {"nothing fits", R"({"type":"integer","minimum":5,"maximum":3})", {"no value"}},
        {"nothing finite fits", R"({"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]})", {"no value"}},
        {"contradiction", R"({"allOf":[{"type":"string"},{"type":"integer"}]})", {"no value"}},
        {"a reference to nothing", R"({"$ref":"#/$defs/x"})", {"#/$defs/x"}},
        {"a broken pattern", R"({"pattern":"a("})", {"pattern"}},
        {"a length that no match has", R"({"pattern":"^aa$","maxLength":1})", {"no value"}},
        {"too few items there can be", R"({"prefixItems":[{"type":"null"}],"items":false,"minItems":2})", {"no value"}},
        {"demanded and forbidden", R"({"required":["a"],"additionalProperties":false})", {"no value"}},
    };
    return schemas;
}

} // namespace sy::test
