#!/bin/sh
# Makes the cluster and the role of machines outside of AWS, and an activation for one machine.
# Run where you have credentials of AWS; it prints what join.sh asks for.
set -eu
policies=arn:aws:iam::aws:policy
aws ecs create-cluster --cluster-name machines
aws iam create-role --role-name machines --assume-role-policy-document file://trust.json
aws iam attach-role-policy --role-name machines \
  --policy-arn $policies/AmazonSSMManagedInstanceCore
aws iam attach-role-policy --role-name machines \
  --policy-arn $policies/service-role/AmazonEC2ContainerServiceforEC2Role
aws ssm create-activation --iam-role machines --registration-limit 1
