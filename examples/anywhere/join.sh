#!/bin/sh
# Registers this machine with the cluster: sudo REGION=us-east-1 sh join.sh ID CODE
set -eu
curl --proto '=https' -fsSo ecs-anywhere-install.sh \
  https://amazon-ecs-agent.s3.amazonaws.com/ecs-anywhere-install-latest.sh
bash ecs-anywhere-install.sh --region "$REGION" --cluster machines \
  --activation-id "$1" --activation-code "$2"
