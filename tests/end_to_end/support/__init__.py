"""The servers, the agent and the waiting that the end-to-end tests share."""
