#!/bin/sh
# Prints deploy/prometheus/alerts as a PrometheusRule for the Prometheus operator:
#   deploy/k8s/prometheus-rule.sh | kubectl apply -n route-cluster -f -
set -eu
cat <<'YAML'
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: route-cluster
  labels: { app.kubernetes.io/part-of: route-cluster }
spec:
YAML
sed 's/^/  /' "$(dirname "$0")/../prometheus/alerts/route-cluster.yml"
