#include "agent/http/api/api.h"

#include "agent/http/api/about.h"
#include "agent/http/api/explain.h"
#include "agent/http/api/query.h"
#include "agent/http/api/rules.h"
#include "agent/http/api/series.h"

namespace pgvigil::agent::api {
namespace {

/// One that may take long, and comes as a form when its parameters are long.
Route query_route(std::string path, Handler handler, std::string help) {
  return {RouteKind::get_and_post, std::move(path), std::move(handler),
          std::move(help),         k_form_body,     Lane::slow};
}

Route get_route(std::string path, Handler handler, std::string help) {
  return {RouteKind::get, std::move(path), std::move(handler), std::move(help)};
}

}  // namespace

std::vector<Route> routes(const Data& data) {
  Route label_values_route = get_route(
      "/api/v1/label/{name}/values", [&](const Request& r) { return label_values(data, r); },
      "the values of a label");
  label_values_route.lane = Lane::slow;
  return {
      query_route(
          "/api/v1/query", [&](const Request& r) { return query(data, r); }, "PromQL at one time"),
      query_route(
          "/api/v1/query_range", [&](const Request& r) { return query_range(data, r); },
          "PromQL over a range"),
      query_route(
          "/api/v1/series", [&](const Request& r) { return series(data, r); }, "series by match[]"),
      query_route(
          "/api/v1/labels", [&](const Request& r) { return label_names(data, r); }, "names of labels"),
      label_values_route,
      {RouteKind::get_and_post, "/api/v1/format_query", [](const Request& r) { return format_query(r); },
       "a query, indented", k_form_body},
      get_route(
          "/api/v1/metadata", [&](const Request& r) { return metadata(data, r); },
          "type and help of metrics"),
      get_route(
          "/api/v1/rules", [&](const Request& r) { return rules(data, r); }, "rules and their alerts"),
      query_route(
          "/api/v1/rules/explain", [&](const Request& r) { return explain(data, r); },
          "why a rule fires, or does not"),
      get_route(
          "/api/v1/alerts", [&](const Request&) { return alerts(data); }, "alerts"),
      get_route(
          "/api/v1/targets", [&](const Request& r) { return targets(data, r); }, "what is watched"),
      get_route(
          "/api/v1/status/buildinfo", [](const Request&) { return build_info(); }, "the program"),
      get_route(
          "/api/v1/status/runtimeinfo", [&](const Request&) { return runtime_info(data); }, "this process"),
  };
}

}  // namespace pgvigil::agent::api
